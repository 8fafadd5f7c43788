import type { Span } from './span.ts';

/** Groups of digits, and which of them stand together: with a space or a hyphen between one and the next. */
export function digitGroups(text: string): Span[][] {
  const lists: Span[][] = [];
  let last = -2;
  for (const { index, 0: digits } of text.matchAll(/\d+/g)) {
    const span = { start: index, end: index + digits.length };
    const isNext = index === last + 1 && /[ -]/.test(text.charAt(last));
    if (isNext) lists.at(-1)?.push(span);
    else lists.push([span]);
    last = span.end;
  }
  return lists;
}
