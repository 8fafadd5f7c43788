/** Puts a word in brackets in the place of each span of a text. */
import type { Finding } from './guard.ts';

type Span = Pick<Finding, 'code' | 'start' | 'end'>;

/** Spans that overlap become one, under the word of the longest of them. In order. */
export function mergeSpans(spans: readonly Span[]): Span[] {
  const merged: Span[] = [];
  for (const span of spans.toSorted((one, other) => one.start - other.start || other.end - one.end)) {
    const last = merged.at(-1);
    if (!last || span.start >= last.end) {
      merged.push(span);
      continue;
    }
    const code = span.end - span.start > last.end - last.start ? span.code : last.code;
    merged[merged.length - 1] = { code, start: last.start, end: Math.max(last.end, span.end) };
  }
  return merged;
}

/** `spans` must not overlap. */
export const redact = (text: string, spans: readonly Span[]): string => {
  let end = 0;
  const kept = spans.map((span) => {
    const before = text.slice(end, span.start);
    ({ end } = span);
    return `${before}[${span.code}]`;
  });
  return `${kept.join('')}${text.slice(end)}`;
};
