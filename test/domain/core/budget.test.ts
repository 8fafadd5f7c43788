import { describe, expect, test } from 'vitest';
import { exceededBudget, raiseBudget } from '../../../src/domain/core/budget.ts';
import type { Budget } from '../../../src/domain/schemas/agent.ts';

const spent = (turns: number, tokens: number, usd?: number) => ({
  turns,
  usage: { inputTokens: tokens, outputTokens: 0, ...(usd !== undefined && { costMicros: { USD: usd } }) },
});
const first: Budget = { turns: 10, tokens: 1_000, costMicros: { USD: 500 } };

test.each([
  ['nothing is used up', spent(9, 999, 499), undefined],
  ['one part is', spent(9, 1_000, 499), { tokens: 2_000 }],
  ['a large turn is raised by as many steps as make room', spent(1, 3_500, 0), { tokens: 4_000 }],
  ['exactly a step leaves no room', spent(1, 3_000, 0), { tokens: 4_000 }],
  ['several are', spent(10, 1_000, 900), { turns: 20, tokens: 2_000, costMicros: { USD: 1_000 } }],
  ['nobody knows what it cost', spent(1, 1), undefined],
])('S1.14 %s', (_, used, expected) => {
  expect(exceededBudget(first, first, used)).toEqual(expected);
});

test('S1.14 what was allowed since counts, and is raised by the first step', () => {
  expect(exceededBudget(first, { ...first, tokens: 1_200 }, spent(1, 1_100))).toBeUndefined();
  expect(exceededBudget(first, { ...first, tokens: 1_200 }, spent(1, 1_200))).toEqual({ tokens: 2_200 });
});

test('an agent without a part has no limit to it', () => {
  expect(exceededBudget({ turns: 2 }, { turns: 2 }, spent(1, 1_000_000, 1_000_000))).toBeUndefined();
});

describe('raising', () => {
  test('leaves what is not named, currencies too', () => {
    expect(raiseBudget({ turns: 1, costMicros: { USD: 1, EUR: 2 } }, { costMicros: { USD: 5 } })).toEqual({
      turns: 1,
      costMicros: { USD: 5, EUR: 2 },
    });
  });
});
