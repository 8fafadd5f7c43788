import canonicalize from 'canonicalize';
import { findJsonFault } from './json-value.ts';
import type { JsonValue } from './json-value.ts';

export type { JsonValue } from './json-value.ts';

/** Thrown for a value that JSON cannot carry: a bug of the caller, who checks values from outside first. */
export class NotJsonError extends Error {
  override readonly name = 'NotJsonError';
  readonly path: string;

  constructor(path: string, message: string) {
    super(`Not a JSON value at '${path}': ${message}`);
    this.path = path;
  }
}

/** The canonical text (RFC 8785) of a value: equal values, equal text. Throws NotJsonError; -0 is printed as 0. */
export function canonicalJson(value: JsonValue): string {
  // The library follows JSON.stringify (drops undefined, calls toJSON); consent needs the bytes to be all there is.
  const fault = findJsonFault(value);
  if (fault !== undefined) throw new NotJsonError(fault.path, fault.message);
  const text = canonicalize(value);
  if (text === undefined) throw new NotJsonError('', 'nothing to print');
  return text;
}

const encoder = new TextEncoder();

/** The UTF-8 bytes of `canonicalJson(value)`: what digests and signatures cover. */
export const canonicalBytes = (value: JsonValue): Uint8Array => encoder.encode(canonicalJson(value));
