/** Adds up what model calls used: over turns, attempts, continuations of a run, and sub-runs. Order does not matter. */
import type { Usage } from '../schemas/run.ts';

export const NO_USAGE: Usage = { inputTokens: 0, outputTokens: 0 };

const COUNTS = ['cachedInputTokens', 'cacheWriteTokens', 'reasoningTokens', 'unpricedCalls'] as const;

const addCosts = (one: Usage['costMicros'], other: Usage['costMicros']): Usage['costMicros'] => {
  if (!one || !other) return one ?? other;
  const currencies = [...new Set([...Object.keys(one), ...Object.keys(other)])];
  return Object.fromEntries(currencies.map((currency) => [currency, (one[currency] ?? 0) + (other[currency] ?? 0)]));
};

const add = (one: Usage, other: Usage): Usage => {
  const counts = COUNTS.flatMap((name) => {
    const sum = (one[name] ?? 0) + (other[name] ?? 0);
    return sum > 0 ? [[name, sum] as const] : [];
  });
  const costMicros = addCosts(one.costMicros, other.costMicros);
  return {
    inputTokens: one.inputTokens + other.inputTokens,
    outputTokens: one.outputTokens + other.outputTokens,
    ...Object.fromEntries(counts),
    ...(costMicros && { costMicros }),
  };
};

/** Of a run and all its parts: segments, attempts, sub-runs. What nobody counted is left out. */
export const addUsage = (...parts: readonly Usage[]): Usage => parts.reduce(add, NO_USAGE);
