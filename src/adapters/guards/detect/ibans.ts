import validator from 'validator';
import type { Detector, Span } from './span.ts';

const LENGTH_MIN = 15;
const LENGTH_MAX = 34;
const COUNTRIES = new Set<string>(validator.ibanLocales);

/** Where a country and two digits begin a word: as much of what follows as is an account's number. */
export const findIbans: Detector = (text) => {
  const spans: Span[] = [];
  for (const { index: start, 0: head } of text.matchAll(/(?<![\p{L}\p{N}])[A-Za-z]{2}\d{2}/gu)) {
    if (!COUNTRIES.has(head.slice(0, 2).toUpperCase())) continue;
    const end = accountEnd(text, start);
    if (end !== undefined) spans.push({ start, end });
  }
  return spans;
};

function accountEnd(text: string, start: number): number | undefined {
  let compact = '';
  for (let end = start; end < text.length && compact.length < LENGTH_MAX; end += 1) {
    const character = text.charAt(end);
    if (/[ -]/.test(character)) continue;
    if (!/[A-Za-z0-9]/.test(character)) return undefined;
    compact += character;
    const isWhole = !/[A-Za-z0-9]/.test(text.charAt(end + 1));
    if (isWhole && compact.length >= LENGTH_MIN && validator.isIBAN(compact)) return end + 1;
  }
  return undefined;
}
