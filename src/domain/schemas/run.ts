import { z } from 'zod';

export const RunStatus = z.enum(['running', 'suspended', 'needs_attention', 'completed', 'failed', 'cancelled']);
export type RunStatus = z.infer<typeof RunStatus>;

/** Tokens counted by the provider, summed over the run. */
export const Usage = z.object({
  inputTokens: z.number().int().nonnegative(),
  outputTokens: z.number().int().nonnegative(),
});
export type Usage = z.infer<typeof Usage>;

/** Proof that a contract's artifact existed when the run completed. */
export const Receipt = z.object({
  path: z.string(),
  bytes: z.number().int().nonnegative(),
  sha256: z.string(),
});
export type Receipt = z.infer<typeof Receipt>;
