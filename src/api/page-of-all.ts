/** Pages of lists that are short enough to be read whole. */
import { PAGE_LIMIT_DEFAULT } from '../contract/pagination.ts';
import { decodeCursor, pageFrom } from './cursor.ts';
import type { CursorPosition } from './cursor.ts';

/** `rows` must be in order, newest first, and by id where they are of the same time. */
export function pageOfAll<T>(
  rows: readonly T[],
  list: string,
  { limit = PAGE_LIMIT_DEFAULT, cursor }: { readonly limit?: number | undefined; readonly cursor?: string | undefined },
  positionOf: (row: T) => CursorPosition,
): { rows: readonly T[]; nextCursor: string | null } {
  const after = decodeCursor(list, cursor);
  const isAfter = (row: T): boolean => {
    if (!after) return true;
    const { at, id } = positionOf(row);
    return at < after.at || (at === after.at && id < after.id);
  };
  return pageFrom(rows.filter(isAfter), limit, list, positionOf);
}
