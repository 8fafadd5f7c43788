import { expect, test } from 'vitest';
import { loadPrices } from '../../src/adapters/models/price-table.ts';
import { PriceTable, factsOf, priceUsage } from '../../src/domain/prices.ts';

const table = PriceTable.parse({
  currency: 'EUR',
  models: {
    'acme/large': {
      inputPerMillion: 2,
      cachedInputPerMillion: 0.2,
      cacheWritePerMillion: 2.5,
      outputPerMillion: 10,
      above: { inputTokens: 1_000, inputPerMillion: 4, outputPerMillion: 15 },
    },
    'compatible/*': { inputPerMillion: 0, outputPerMillion: 0 },
    'compatible/big*': { inputPerMillion: 1, outputPerMillion: 1 },
  },
});

test.each([
  ['input and output', { inputTokens: 100, outputTokens: 10 }, 300],
  [
    'the cache has prices of its own',
    { inputTokens: 100, outputTokens: 0, cachedInputTokens: 50, cacheWriteTokens: 20 },
    120,
  ],
  ['half a micro-unit is rounded', { inputTokens: 3, outputTokens: 0, cachedInputTokens: 2 }, 2],
  ['a long prompt costs more, all of it', { inputTokens: 2_000, outputTokens: 1, cachedInputTokens: 1_000 }, 8_015],
  [
    'counts that contradict each other cost no less than nothing',
    { inputTokens: 1, outputTokens: 0, cachedInputTokens: 5 },
    1,
  ],
])('S1.14 %s', (_, usage, micros) => {
  expect(priceUsage(table, 'acme/large', usage)).toEqual({ ...usage, costMicros: { EUR: micros } });
});

test('S1.14 a model without a price is counted, a script is not', () => {
  const usage = { inputTokens: 1, outputTokens: 1 };
  expect(priceUsage(table, 'mystery/m', usage)).toEqual({ ...usage, unpricedCalls: 1 });
  expect(priceUsage(table, 'scripted/m', usage)).toEqual(usage);
  expect(priceUsage(table, 'constructor', usage)).toEqual({ ...usage, unpricedCalls: 1 });
});

test('snapshots are priced like their model, stars by the longest beginning', () => {
  expect(factsOf(table, 'acme/large-20260101')).toBe(table.models['acme/large']);
  expect(factsOf(table, 'acme/large-2026-01-01')).toBe(table.models['acme/large']);
  expect(factsOf(table, 'acme/large-mini')).toBeUndefined();
  expect(factsOf(table, 'compatible/bigger')).toMatchObject({ inputPerMillion: 1 });
  expect(factsOf(table, 'compatible/small')).toMatchObject({ inputPerMillion: 0 });
});

test('the table of this version is usable, and says of each price where it is from and of when', () => {
  for (const [model, facts] of Object.entries(loadPrices().models)) {
    expect(facts.source, model).toMatch(/^https:/);
    expect(facts.asOf, model).toMatch(/^\d{4}-\d\d-\d\d$/);
    expect(facts.contextTokens, model).toBeGreaterThan(10_000);
  }
});
