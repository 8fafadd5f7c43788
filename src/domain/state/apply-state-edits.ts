/** What decisions set in the run's state. All edits of a decision apply, or none; the state given is left as it is. */
import { findJsonFault } from '../arguments/json-value.ts';
import type { JsonValue } from '../arguments/json-value.ts';
import { arrayIndexOf, parseStatePath } from './state-path.ts';

export interface StateEdit {
  readonly path: string;
  readonly value: JsonValue;
}

/** What is wrong with one of the edits, by its place in the list. */
export interface StateEditFault {
  readonly index: number;
  readonly message: string;
}

export type AppliedStateEdits =
  | { readonly ok: true; readonly state: JsonValue }
  | { readonly ok: false; readonly faults: readonly StateEditFault[] };

/** Of one edit: a path of segments sets exactly one place, so nothing here is deeper than it is long. */
type SetResult = { readonly ok: true; readonly value: JsonValue } | { readonly ok: false; readonly message: string };

const fault = (message: string): SetResult => ({ ok: false, message });

const isObject = (value: JsonValue): value is { readonly [key: string]: JsonValue } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isList = (value: JsonValue): value is readonly JsonValue[] => Array.isArray(value);

function setAt(parent: JsonValue | undefined, segments: readonly string[], value: JsonValue): SetResult {
  const [segment, ...rest] = segments;
  if (segment === undefined) return { ok: true, value };
  // Where nothing is yet, objects are made; a list only ever comes from a value.
  if (parent === undefined || isObject(parent)) return setField(parent ?? {}, segment, rest, value);
  if (isList(parent)) return setItem(parent, segment, rest, value);
  return fault(`goes through ${parent === null ? 'null' : `a ${typeof parent}`} at "${segment}"`);
}

function setField(
  parent: { readonly [key: string]: JsonValue },
  segment: string,
  rest: readonly string[],
  value: JsonValue,
): SetResult {
  const child = setAt(Object.hasOwn(parent, segment) ? parent[segment] : undefined, rest, value);
  return child.ok ? { ok: true, value: { ...parent, [segment]: child.value } } : child;
}

function setItem(parent: readonly JsonValue[], segment: string, rest: readonly string[], value: JsonValue): SetResult {
  const index = arrayIndexOf(segment);
  if (index === undefined) return fault(`names "${segment}" in a list: places in lists are numbers`);
  // The place after the last appends; one beyond it would leave a hole.
  if (index > parent.length) return fault(`names place ${index} of a list of ${parent.length}`);
  const child = setAt(parent[index], rest, value);
  if (!child.ok) return child;
  const items = [...parent];
  items[index] = child.value;
  return { ok: true, value: items };
}

/** Whether a place of one edit lies within that of another: then their order would decide, and nobody sees an order. */
const overlaps = (a: readonly string[], b: readonly string[]): boolean => {
  const shorter = a.length <= b.length ? a : b;
  const longer = shorter === a ? b : a;
  return shorter.every((segment, index) => segment === longer[index]);
};

/** `state` is undefined for a run that was started with none. */
export function applyStateEdits(state: JsonValue | undefined, edits: readonly StateEdit[]): AppliedStateEdits {
  const faults: StateEditFault[] = [];
  const applied: (readonly string[])[] = [];
  let current: JsonValue = state ?? {};
  for (const [index, { path, value }] of edits.entries()) {
    const parsed = parseStatePath(path);
    if (!parsed.ok) {
      faults.push({ index, message: parsed.message });
      continue;
    }
    if (applied.some((other) => overlaps(other, parsed.segments))) {
      faults.push({ index, message: 'is set by another edit of the same decision' });
      continue;
    }
    applied.push(parsed.segments);
    const valueFault = findJsonFault(value);
    if (valueFault) {
      faults.push({ index, message: `has a value that is not JSON: ${valueFault.message}` });
      continue;
    }
    const set = setAt(current, parsed.segments, value);
    if (set.ok) current = set.value;
    else faults.push({ index, message: set.message });
  }
  return faults.length > 0 ? { ok: false, faults } : { ok: true, state: current };
}
