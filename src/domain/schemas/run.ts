import { z } from 'zod';

export const RunStatus = z.enum(['running', 'suspended', 'needs_attention', 'completed', 'failed', 'cancelled']);
export type RunStatus = z.infer<typeof RunStatus>;

const count = z.number().int().nonnegative();

/** Tokens counted by the provider, of a call or summed over a run. Fields are only ever added, and optional. */
export const Usage = z.object({
  /** All input, that of the cache included. */
  inputTokens: count,
  /** All output, reasoning included. */
  outputTokens: count,
  /** Of the input: read from the provider's cache, and written to it. */
  cachedInputTokens: count.optional(),
  cacheWriteTokens: count.optional(),
  /** Of the output: spent on thinking. */
  reasoningTokens: count.optional(),
  /** Millionths of a unit, by currency. */
  costMicros: z.record(z.string(), count).optional(),
  /** Calls of models without a known price: the cost is more than it says. */
  unpricedCalls: count.optional(),
});
export type Usage = z.infer<typeof Usage>;

/** Proof that a contract's artifact existed when the run completed. */
export const Receipt = z.object({
  path: z.string(),
  bytes: z.number().int().nonnegative(),
  sha256: z.string(),
});
export type Receipt = z.infer<typeof Receipt>;
