/** Cursors are opaque to clients; each names its list, so that one list's cursor is refused by another. */
import { z } from 'zod';
import { HttpProblem } from './http-problem.ts';

const Envelope = z.tuple([z.string(), z.number().int().nonnegative(), z.string().max(300)]);

export interface CursorPosition {
  /** What the list is sorted by: a time or a number. */
  readonly at: number;
  readonly id: string;
}

/** `list` names the list together with its order. */
export const encodeCursor = (list: string, { at, id }: CursorPosition): string =>
  Buffer.from(JSON.stringify([list, at, id])).toString('base64url');

export function decodeCursor(list: string, cursor: string | undefined): CursorPosition | undefined {
  if (cursor === undefined) return undefined;
  const parsed = Envelope.safeParse(parseJson(Buffer.from(cursor, 'base64url').toString('utf8')));
  if (!parsed.success || parsed.data[0] !== list) throw new HttpProblem('invalid_cursor');
  return { at: parsed.data[1], id: parsed.data[2] };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Of one row more than asked for: the page, and where the next begins. */
export function pageFrom<T>(
  rows: readonly T[],
  limit: number,
  list: string,
  positionOf: (row: T) => CursorPosition,
): { rows: readonly T[]; nextCursor: string | null } {
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return { rows: page, nextCursor: rows.length > limit && last ? encodeCursor(list, positionOf(last)) : null };
}
