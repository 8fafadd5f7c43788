import validator from 'validator';
import { digitGroups } from './digit-groups.ts';
import type { Detector, Span } from './span.ts';

const DIGITS_MIN = 13;
const DIGITS_MAX = 19;

/** Numbers that a card could have, in groups or not: the last digit proves the others, and the first ones an issuer. */
export const findCards: Detector = (text) => {
  const spans: Span[] = [];
  for (const groups of digitGroups(text)) {
    for (let first = 0; first < groups.length; first += 1) {
      const start = groups[first]?.start ?? 0;
      let digits = 0;
      for (const { start: groupStart, end } of groups.slice(first, first + DIGITS_MAX)) {
        digits += end - groupStart;
        if (digits > DIGITS_MAX) break;
        if (digits >= DIGITS_MIN && validator.isCreditCard(text.slice(start, end))) spans.push({ start, end });
      }
    }
  }
  return spans;
};
