import { z } from 'zod';

export const PAGE_LIMIT_DEFAULT = 20;
export const PAGE_LIMIT_MAX = 100;

/** Query fields of every list. Values arrive as text. */
export const pageQuery = {
  limit: z
    .string()
    .regex(/^\d{1,3}$/)
    .transform(Number)
    .pipe(z.number().min(1).max(PAGE_LIMIT_MAX))
    .optional()
    .meta({ description: `Items a page, 1 to ${PAGE_LIMIT_MAX}; ${PAGE_LIMIT_DEFAULT} when absent`, example: '20' }),
  cursor: z
    .string()
    .max(500)
    .optional()
    .meta({ description: 'The `nextCursor` of the page before. Opaque: do not build or take apart.' }),
};

/** A page: `nextCursor` is null on the last one. */
export const pageOf = <T extends z.ZodType>(item: T) =>
  z.object({
    data: z.array(item),
    nextCursor: z.string().nullable().meta({ description: 'Ask with `?cursor=` for what follows; null at the end' }),
  });

export interface Page<T> {
  readonly data: readonly T[];
  readonly nextCursor: string | null;
}
