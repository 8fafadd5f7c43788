import { jsonPointer } from '../arguments/json-value.ts';
import type { JsonValue } from '../arguments/json-value.ts';

/** A value that holds no other, or an empty list or object: together with their places they are all there is to a value. */
export interface Leaf {
  readonly pointer: string;
  readonly value: JsonValue;
}

/** Every leaf of a value, by JSON pointer. Never recurses. */
export function leavesOf(value: JsonValue): Leaf[] {
  const leaves: Leaf[] = [];
  const open: { readonly pointer: string; readonly value: JsonValue }[] = [{ pointer: '', value }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const place = next;
    const entries = typeof place.value === 'object' && place.value !== null ? Object.entries(place.value) : [];
    if (entries.length === 0) leaves.push(place);
    for (const [key, child] of entries.toReversed()) {
      open.push({ pointer: `${place.pointer}${jsonPointer([key])}`, value: child });
    }
  }
  return leaves;
}
