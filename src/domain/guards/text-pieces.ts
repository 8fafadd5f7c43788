/** The strings of a JSON value, and the value again with other strings in their places. */
import { jsonPointer } from '../arguments/json-value.ts';
import type { JsonValue } from '../arguments/json-value.ts';
import type { TextPiece, TextPlace } from './guard.ts';

type Segments = readonly (string | number)[];

const isArray = (value: JsonValue): value is readonly JsonValue[] => Array.isArray(value);

/** Long numbers can be somebody's: of a card, of a telephone. */
const TELLING_DIGITS = 7;

/** Texts, keys and long numbers, in the order in which they stand. Values are as deep as the strict parser lets them be. */
export function piecesOf(place: TextPlace, value: JsonValue, at: Segments): TextPiece[] {
  const pointer = jsonPointer(at);
  if (typeof value === 'string') return [{ place, pointer, kind: 'text', text: value }];
  if (typeof value === 'number') {
    const text = String(value);
    return text.length < TELLING_DIGITS ? [] : [{ place, pointer, kind: 'number', text }];
  }
  if (value === null || typeof value === 'boolean') return [];
  if (isArray(value)) return value.flatMap((one, index) => piecesOf(place, one, [...at, index]));
  return Object.entries(value).flatMap(([key, one]) => [
    { place, pointer: jsonPointer([...at, key]), kind: 'key' as const, text: key },
    ...piecesOf(place, one, [...at, key]),
  ]);
}

/** The same value; where a pointer has another text, that one. */
export function withTexts(value: JsonValue, at: Segments, texts: ReadonlyMap<string, string>): JsonValue {
  if (typeof value === 'string') return texts.get(jsonPointer(at)) ?? value;
  if (typeof value !== 'object' || value === null) return value;
  if (isArray(value)) return value.map((one, index) => withTexts(one, [...at, index], texts));
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, withTexts(one, [...at, key], texts)]));
}
