/** Paths into a run's state: `customer.tier`, `items.0.price`. */

export const MAX_STATE_PATH_LENGTH = 500;
const MAX_SEGMENTS = 32;
/** Beyond this a number is a name: no list is that long. */
export const MAX_ARRAY_INDEX = 9_999;

/** Names through which a write would reach what all objects share. */
const PROTOTYPE_NAMES = new Set(['__proto__', 'constructor', 'prototype']);

export type PathResult =
  | { readonly ok: true; readonly segments: readonly string[] }
  | { readonly ok: false; readonly message: string };

const refused = (message: string): PathResult => ({ ok: false, message });

/** Splits at dots. There is no way to quote one: what such a path cannot name, no decision sets. */
export function parseStatePath(path: string): PathResult {
  if (path === '') return refused('is empty');
  if (path.length > MAX_STATE_PATH_LENGTH) return refused(`is longer than ${MAX_STATE_PATH_LENGTH} characters`);
  const segments = path.split('.');
  if (segments.length > MAX_SEGMENTS) return refused(`has more than ${MAX_SEGMENTS} segments`);
  for (const segment of segments) {
    if (segment.trim() === '') return refused('has an empty segment');
    if (PROTOTYPE_NAMES.has(segment)) return refused(`names ${segment}, which is no place of the state`);
    // Shown to people who decide by it, so it holds nothing that they cannot see.
    if (/[\p{C}\p{Z}]/u.test(segment)) return refused('has a space or an invisible character');
  }
  return { ok: true, segments };
}

/** A rule's pattern of paths: as a path, and `*` for any one segment. */
export const parseStatePattern = (pattern: string): PathResult => {
  const parsed = parseStatePath(pattern);
  if (!parsed.ok) return parsed;
  const mixed = parsed.segments.find((segment) => segment !== '*' && segment.includes('*'));
  return mixed === undefined ? parsed : refused(`has "${mixed}": a star stands for one whole segment`);
};

/** The place in a list that a segment names; undefined where it can name none. */
export const arrayIndexOf = (segment: string): number | undefined =>
  /^(0|[1-9]\d{0,3})$/.test(segment) && Number(segment) <= MAX_ARRAY_INDEX ? Number(segment) : undefined;

const meet = (a: string, b: string): string[] => {
  const left = a.split('.');
  const right = b.split('.');
  const [shorter, longer] = left.length <= right.length ? [left, right] : [right, left];
  const segments: string[] = [];
  for (const [index, segment] of longer.entries()) {
    const other = shorter[index];
    if (other === undefined || other === '*' || other === segment) segments.push(segment);
    else if (segment === '*') segments.push(other);
    else return [];
  }
  return [segments.join('.')];
};

/** Most patterns that a verdict carries. */
export const MAX_STATE_PATTERNS = 50;

/** Patterns of the paths that both lists allow. Too many of them: the first; whoever needs the others asks for less. */
export const commonStatePatterns = (a: readonly string[], b: readonly string[]): string[] =>
  [...new Set(a.flatMap((one) => b.flatMap((other) => meet(one, other))))].toSorted().slice(0, MAX_STATE_PATTERNS);

/** Whether each path that a pattern allows is allowed by one of these. */
export const isStatePathCovered = (patterns: readonly string[], pattern: string): boolean =>
  patterns.some((one) => meet(one, pattern)[0] === pattern);
