/** What model calls cost, by a table of prices. Pure. */
import { z } from 'zod';
import type { Usage } from './schemas/run.ts';

const price = z.number().nonnegative().max(1_000_000);

/** In units of the table's currency for a million tokens, which is micro-units for one. */
const Rates = z.strictObject({
  inputPerMillion: price,
  /** Of input tokens that the provider had in its cache. @default inputPerMillion */
  cachedInputPerMillion: price.optional(),
  /** Of input tokens that it put there. @default inputPerMillion */
  cacheWritePerMillion: price.optional(),
  outputPerMillion: price,
});

const ModelFacts = Rates.extend({
  /** Instead, for a call with more input than this. */
  above: Rates.extend({ inputTokens: z.number().int().positive() }).optional(),
  /** How much input the model takes. */
  contextTokens: z.number().int().positive().optional(),
  asOf: z.iso.date().optional(),
  source: z.string().max(500).optional(),
});
type ModelFacts = z.infer<typeof ModelFacts>;

/** By `provider/model`. A name that ends in `*` is for all models that begin so. */
export const PriceTable = z.strictObject({
  currency: z.string().regex(/^[A-Z]{3}$/, 'must be a currency of three capital letters'),
  models: z.record(z.string().min(1).max(300), ModelFacts),
});
export type PriceTable = z.infer<typeof PriceTable>;

/** Snapshots are priced like what they are snapshots of: `claude-sonnet-4-5-20250929`, `gpt-4.1-2025-04-14`. */
const SNAPSHOT = /-(\d{8}|\d{4}-\d{2}-\d{2})$/;

export function factsOf(table: PriceTable, model: string): ModelFacts | undefined {
  const known = new Map(Object.entries(table.models));
  const exact = known.get(model) ?? known.get(model.replace(SNAPSHOT, ''));
  if (exact) return exact;
  const prefixes = [...known.keys()].filter((name) => name.endsWith('*') && model.startsWith(name.slice(0, -1)));
  const longest = prefixes.toSorted((one, other) => other.length - one.length)[0];
  return longest === undefined ? undefined : known.get(longest);
}

/** The usage of one call with what it cost, in whole micro-units. A model without a price is counted as such. */
export function priceUsage(table: PriceTable, model: string, usage: Usage): Usage {
  const facts = factsOf(table, model);
  // A script costs nothing and has no price.
  if (!facts) return model.startsWith('scripted/') ? usage : { ...usage, unpricedCalls: 1 };
  const rates = facts.above && usage.inputTokens > facts.above.inputTokens ? facts.above : facts;
  const { inputPerMillion, outputPerMillion } = rates;
  const { cachedInputPerMillion = inputPerMillion, cacheWritePerMillion = inputPerMillion } = rates;
  const { inputTokens, outputTokens, cachedInputTokens = 0, cacheWriteTokens = 0 } = usage;
  const plain = Math.max(0, inputTokens - cachedInputTokens - cacheWriteTokens);
  const micros =
    plain * inputPerMillion +
    cachedInputTokens * cachedInputPerMillion +
    cacheWriteTokens * cacheWritePerMillion +
    outputTokens * outputPerMillion;
  return { ...usage, costMicros: { [table.currency]: Math.round(micros) } };
}
