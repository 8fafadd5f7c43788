import { isWellFormedText, jsonPointer } from './json-value.ts';
import type { JsonValue } from './json-value.ts';
import { roundTripsAsDouble } from './number-literal.ts';

export interface StrictJsonLimits {
  /** Of the text in UTF-8. */
  readonly maxBytes: number;
  /** Levels of objects and arrays. */
  readonly maxDepth: number;
}

export const STRICT_JSON_LIMITS: StrictJsonLimits = { maxBytes: 1024 * 1024, maxDepth: 64 };

export type StrictJsonFaultCode =
  | 'too_large'
  | 'too_deep'
  | 'malformed_json'
  | 'duplicate_key'
  | 'prototype_key'
  | 'nul_character'
  | 'lone_surrogate'
  | 'number_not_exact';

/** Fit to be told to a model: says what is wrong and where (a JSON pointer), quotes no value. */
export interface StrictJsonFault {
  readonly code: StrictJsonFaultCode;
  readonly message: string;
  readonly path?: string;
}

export type StrictJsonResult =
  | { readonly ok: true; readonly value: JsonValue }
  | { readonly ok: false; readonly fault: StrictJsonFault };

/**
 * Parses JSON from a model or a person, refusing every text that two programs could read differently (I-JSON, RFC 7493,
 * and more). `-0` is read as 0, as the canonical form prints it.
 *
 * The platform's parser is the only one that builds the value; the walk around it only inspects tokens, before it for
 * depth (so that no parser recurses on a bomb) and after it, over text known to be valid, for what it cannot report.
 */
export function parseStrictJson(text: string, limits: Partial<StrictJsonLimits> = {}): StrictJsonResult {
  const { maxBytes, maxDepth } = { ...STRICT_JSON_LIMITS, ...limits };
  const refuse = (code: StrictJsonFaultCode, message: string, path?: string): StrictJsonResult => ({
    ok: false,
    fault: path === undefined ? { code, message } : { code, message, path },
  });
  if (exceedsBytes(text, maxBytes)) return refuse('too_large', `The JSON text is larger than ${maxBytes} bytes.`);
  if (exceedsDepth(text, maxDepth)) {
    return refuse('too_deep', `The JSON text nests deeper than ${maxDepth} levels.`);
  }
  try {
    JSON.parse(text);
  } catch {
    return refuse('malformed_json', 'The text is not valid JSON.');
  }
  const fault = inspectTokens(text);
  if (fault !== undefined) return { ok: false, fault };
  const value: JsonValue = JSON.parse(text, (_key, item: unknown) => (item === 0 ? 0 : item));
  return { ok: true, value };
}

const exceedsBytes = (text: string, maxBytes: number): boolean =>
  text.length > maxBytes || (text.length * 3 > maxBytes && new TextEncoder().encode(text).length > maxBytes);

/** The position after the string that opens at `start`; the text's end when it is never closed. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const character = text[at];
    if (character === '\\') at++;
    else if (character === '"') return at + 1;
  }
  return text.length;
}

function exceedsDepth(text: string, maxDepth: number): boolean {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === '"') at = endOfString(text, at) - 1;
    else if (character === '{' || character === '[') {
      if (++depth > maxDepth) return true;
    } else if (character === '}' || character === ']') depth--;
  }
  return false;
}

type Container =
  | { readonly kind: 'object'; readonly keys: Set<string>; key: string; expectsKey: boolean }
  | { readonly kind: 'array'; index: number };

/** What JSON.parse accepts and we refuse. `text` is valid JSON. */
function inspectTokens(text: string): StrictJsonFault | undefined {
  const open: Container[] = [];
  const number = /-?[0-9][0-9.eE+-]*/y;
  const path = (): string => jsonPointer(open.map((place) => (place.kind === 'object' ? place.key : place.index)));

  for (let at = 0; at < text.length; at++) {
    const inside = open.at(-1);
    const character = text[at];
    if (character === '{') open.push({ kind: 'object', keys: new Set(), key: '', expectsKey: true });
    else if (character === '[') open.push({ kind: 'array', index: 0 });
    else if (character === '}' || character === ']') open.pop();
    else if (character === ',') {
      if (inside?.kind === 'object') inside.expectsKey = true;
      else if (inside !== undefined) inside.index++;
    } else if (character === '"') {
      const end = endOfString(text, at);
      const decoded: string = JSON.parse(text.slice(at, end));
      at = end - 1;
      const isKey = inside?.kind === 'object' && inside.expectsKey;
      const textFault = faultOfText(decoded, isKey ? 'key' : 'text');
      if (textFault !== undefined) {
        const place = isKey
          ? jsonPointer(open.slice(0, -1).map((o) => (o.kind === 'object' ? o.key : o.index)))
          : path();
        return { ...textFault, path: place };
      }
      if (isKey) {
        inside.key = decoded;
        inside.expectsKey = false;
        if (decoded === '__proto__') {
          return { code: 'prototype_key', message: 'The key __proto__ is not allowed.', path: path() };
        }
        if (inside.keys.has(decoded)) {
          return { code: 'duplicate_key', message: 'The object has the same key twice.', path: path() };
        }
        inside.keys.add(decoded);
      }
    } else if (character === '-' || (character !== undefined && character >= '0' && character <= '9')) {
      number.lastIndex = at;
      const literal = number.exec(text)?.[0] ?? '';
      at += literal.length - 1;
      if (!roundTripsAsDouble(literal)) {
        return {
          code: 'number_not_exact',
          message: 'The number cannot be represented exactly (IEEE 754 double); send it as a string.',
          path: path(),
        };
      }
    }
  }
  return undefined;
}

function faultOfText(text: string, what: 'key' | 'text'): Omit<StrictJsonFault, 'path'> | undefined {
  if (text.includes('\u0000')) return { code: 'nul_character', message: `The ${what} contains a NUL character.` };
  if (!isWellFormedText(text)) {
    return { code: 'lone_surrogate', message: `The ${what} contains half of a surrogate pair.` };
  }
  return undefined;
}
