/** What `countersign doctor` found. */
import { z } from 'zod';

export const CheckUp = z.object({
  checks: z.array(
    z.object({
      subject: z.string(),
      /** `skipped`: it could not be looked at, or does not apply here. */
      status: z.enum(['ok', 'warning', 'failed', 'skipped']),
      detail: z.string(),
      /** How to mend it. */
      next: z.string().optional(),
    }),
  ),
});
export type CheckUp = z.infer<typeof CheckUp>;
export type Check = CheckUp['checks'][number];
