import { z } from 'zod';

/** A structured-field string in quotes, as the draft has it, or bare. */
export const IdempotencyKey = z
  .string()
  .transform((value) => (/^".*"$/.test(value) ? value.slice(1, -1) : value))
  .pipe(z.string().regex(/^[\x21-\x7e]{1,255}$/))
  .meta({
    description: 'Repeats with the same key and body have one effect. 1 to 255 visible ASCII characters.',
    example: '0b9f6a9e-6a3e-4f0e-8f58-1d8d5b1f5b2c',
  });

/** Headers of routes that change something. Other headers pass unseen. */
export const CommandHeaders = z.looseObject({ 'idempotency-key': IdempotencyKey.optional() });
