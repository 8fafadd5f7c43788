/** A YAML or JSON file that knows on which line each of its values stands. */
import { readFile } from 'node:fs/promises';
import { LineCounter, isNode, isPair, isMap, parseDocument } from 'yaml';
import type { Document } from 'yaml';

/** Larger ones are no file that a person keeps. */
const MAX_CHARACTERS = 1024 * 1024;
/** Of the same anchor: a few lines could otherwise stand for billions. */
const MAX_ALIASES = 100;

export interface PlacedFile {
  readonly value: unknown;
  /** `agents/refunds.yaml:12`; of the nearest thing around where there is nothing at the path. */
  place(path: readonly PropertyKey[]): string;
}

export type PlacedReading =
  | { readonly ok: true; readonly file: PlacedFile }
  | { readonly ok: false; readonly faults: readonly string[] };

/** Reads any YAML, and so any JSON. */
export async function readPlacedFile(path: string, absolutePath: string): Promise<PlacedReading> {
  const text = await readFile(absolutePath, 'utf8').catch(() => undefined);
  if (text === undefined) return { ok: false, faults: [`${path}: cannot be read`] };
  if (text.length > MAX_CHARACTERS) return { ok: false, faults: [`${path}: is larger than 1 MB`] };
  const lines = new LineCounter();
  const document = parseDocument(text, { uniqueKeys: true, prettyErrors: false, version: '1.2', lineCounter: lines });
  const place = (offset: number): string => `${path}:${lines.linePos(offset).line || 1}`;
  const faults = [...document.errors, ...document.warnings].map(
    (fault) => `${place(fault.pos[0])}: ${fault.message.split('\n')[0]}`,
  );
  if (faults.length > 0) return { ok: false, faults };
  try {
    const value: unknown = document.toJS({ maxAliasCount: MAX_ALIASES });
    return { ok: true, file: { value, place: (at) => place(offsetOf(document, at)) } };
  } catch (error) {
    return { ok: false, faults: [`${path}: cannot be read: ${error instanceof Error ? error.message : 'unknown'}`] };
  }
}

/** Where the value at the path begins, by its key where it has one: that is where people look. */
function offsetOf(document: Document, path: readonly PropertyKey[]): number {
  for (let depth = path.length; depth > 0; depth--) {
    const around = depth === 1 ? document.contents : document.getIn(path.slice(0, depth - 1), true);
    const last = path[depth - 1];
    const pair = isMap(around)
      ? around.items.find(({ key }) => isNode(key) && String(key) === String(last))
      : undefined;
    const node: unknown = isPair(pair) ? pair.key : document.getIn(path.slice(0, depth), true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return 0;
}
