import type { Page } from '../contract/pagination.ts';
import { PAGE_LIMIT_MAX } from '../contract/pagination.ts';

/** The first `count` items of a list, however many pages that takes. */
export async function firstItems<T>(
  count: number,
  page: (query: { limit: number; cursor?: string }) => Promise<Page<T>>,
): Promise<Page<T>> {
  const data: T[] = [];
  let cursor: string | undefined;
  for (;;) {
    const limit = Math.min(count - data.length, PAGE_LIMIT_MAX);
    const { data: items, nextCursor } = await page({ limit, ...(cursor !== undefined && { cursor }) });
    data.push(...items);
    if (nextCursor === null || data.length >= count) return { data, nextCursor };
    cursor = nextCursor;
  }
}
