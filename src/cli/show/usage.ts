import type { Budget } from '../../domain/schemas/agent.ts';
import type { Usage } from '../../domain/schemas/run.ts';

const MICROS = 1_000_000;

/** `0.0125 USD`: as many digits as there are, two at least. */
export function costText(costMicros: Usage['costMicros']): string | undefined {
  const costs = Object.entries(costMicros ?? {}).map(([currency, micros]) => {
    const [units, fraction = ''] = (micros / MICROS).toFixed(6).split('.');
    return `${units}.${fraction.replace(/0{1,4}$/, '')} ${currency}`;
  });
  return costs.length > 0 ? costs.join(', ') : undefined;
}

/** What may be used in all: `400000 tokens, 2.50 USD`. */
export function budgetText({ turns, tokens, costMicros }: Budget): string {
  const cost = costText(costMicros);
  return [
    ...(turns === undefined ? [] : [`${turns} turns`]),
    ...(tokens === undefined ? [] : [`${tokens} tokens`]),
    ...(cost === undefined ? [] : [cost]),
  ].join(', ');
}

/** Tokens and cost in one line. */
export function usageText(usage: Usage): string {
  const { inputTokens, outputTokens, cachedInputTokens = 0, reasoningTokens = 0, unpricedCalls = 0 } = usage;
  const cost = costText(usage.costMicros);
  return [
    `${inputTokens} tokens in${cachedInputTokens > 0 ? ` (${cachedInputTokens} cached)` : ''}`,
    `${outputTokens} out${reasoningTokens > 0 ? ` (${reasoningTokens} thinking)` : ''}`,
    ...(cost === undefined ? [] : [cost]),
    ...(unpricedCalls > 0 ? [`${unpricedCalls} ${unpricedCalls === 1 ? 'call' : 'calls'} without a known price`] : []),
  ].join(', ');
}
