import { z } from 'zod';

export const Live = z.object({ status: z.literal('ok') }).meta({ id: 'Live' });

/** Ready to serve; `checks` says which part is not. */
export const Ready = z
  .object({
    status: z.enum(['ok', 'unavailable']),
    checks: z.object({ store: z.enum(['ok', 'unavailable']), temporal: z.enum(['ok', 'unavailable']) }),
  })
  .meta({ id: 'Ready' });
export type Ready = z.infer<typeof Ready>;

/** The public keys that signed commands are verified with (RFC 7517). */
export const JsonWebKeySet = z
  .object({ keys: z.array(z.record(z.string(), z.unknown())) })
  .meta({ id: 'JsonWebKeySet' });
