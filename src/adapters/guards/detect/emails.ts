import validator from 'validator';
import type { Detector } from './span.ts';

const LOCAL_MAX = 64;
const DOMAIN_MAX = 254;
/** Fewer than the standard takes: what is left out separates addresses from what they stand in, as in `?to=…&cc=…`. */
const LOCAL = /[\p{L}\p{N}._%+~'-]/u;
const DOMAIN = /[\p{L}\p{N}.-]/u;

/** Around each `@`: as far as an address can reach, then as much of it as is one. */
export const findEmails: Detector = (text) => {
  const spans = [];
  for (let at = text.indexOf('@'); at >= 0; at = text.indexOf('@', at + 1)) {
    let start = at;
    while (start > 0 && at - start < LOCAL_MAX && LOCAL.test(text.charAt(start - 1))) start -= 1;
    let end = at + 1;
    while (end < text.length && end - at <= DOMAIN_MAX && DOMAIN.test(text.charAt(end))) end += 1;
    while (end > at && /[.-]/.test(text.charAt(end - 1))) end -= 1;
    const from = addressStart(text, start, at, end);
    if (from !== undefined) spans.push({ start: from, end });
  }
  return spans;
};

/** In `?mail=ada@example.org` and `'ada@example.org'` the address begins behind what could be part of one. */
function addressStart(text: string, start: number, at: number, end: number): number | undefined {
  const domain = text.slice(at, end);
  // The longest that is one: without it a part of somebody's name would stay.
  for (let from = start; from < at; from += 1) {
    const isBoundary = from === start || /[^\p{L}\p{N}]/u.test(text.charAt(from - 1));
    if (isBoundary && isAddress(text.slice(from, at) + domain)) return from;
  }
  return undefined;
}

const isAddress = (text: string): boolean =>
  /^[\p{L}\p{N}]/u.test(text) && validator.isEmail(text, { allow_utf8_local_part: true });
