import { isWellFormedText } from '../../domain/arguments/json-value.ts';

/** Why a path is not one of a workspace or repository; fit to be told to a model. */
export type PathProblem = string;

const MAX_PATH_BYTES = 500;
const MAX_SEGMENT_BYTES = 255;
/** Half-written files carry it, so no path may. */
export const TEMPORARY_PREFIX = '.countersign-';

/**
 * The segments of a relative path with forward slashes, or what is wrong with it. Nothing is normalised: what a person
 * was shown is what is opened.
 */
export function parseRelativePath(
  path: string,
):
  | { readonly ok: true; readonly segments: readonly [string, ...string[]] }
  | { readonly ok: false; readonly problem: PathProblem } {
  const refuse = (problem: PathProblem) => ({ ok: false as const, problem });
  if (path === '') return refuse('The path is empty.');
  if (byteLength(path) > MAX_PATH_BYTES) return refuse(`The path is longer than ${MAX_PATH_BYTES} bytes.`);
  // Without a lone surrogate in it, what the file system is handed reads back as the same text.
  if (!isWellFormedText(path)) return refuse('The path is not Unicode text.');
  if (/[\p{Cc}\p{Zl}\p{Zp}]/u.test(path)) return refuse('The path contains control characters.');
  if (path.includes('\\')) return refuse('The path contains a backslash; use forward slashes.');
  if (path.startsWith('/')) return refuse('The path is absolute; use one relative to the root.');
  const [first, ...rest] = path.split('/');
  const segments = [first ?? '', ...rest] as const;
  for (const segment of segments) {
    if (segment === '') return refuse('The path has an empty part.');
    if (segment === '.' || segment === '..') return refuse(`The path has a part that is "${segment}".`);
    if (byteLength(segment) > MAX_SEGMENT_BYTES) return refuse(`A part is longer than ${MAX_SEGMENT_BYTES} bytes.`);
    if (segment.startsWith(TEMPORARY_PREFIX)) return refuse(`Names that start with ${TEMPORARY_PREFIX} are reserved.`);
  }
  return { ok: true, segments };
}

const byteLength = (text: string): number => Buffer.byteLength(text, 'utf8');
