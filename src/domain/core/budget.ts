/** Budgets of a run: what it may use before somebody is asked, and how far they are raised. */
import type { Budget } from '../schemas/agent.ts';
import type { Usage } from '../schemas/run.ts';

/** What a run has used by the end of a turn. */
export interface Spent {
  readonly turns: number;
  readonly usage: Usage;
}

export type BudgetName = keyof Budget;

const tokensOf = ({ inputTokens, outputTokens }: Usage): number => inputTokens + outputTokens;

/** By whole steps, at least one, until it is more than what is used. */
const raisedBy = (allowed: number, step: number, used: number): number =>
  allowed + step * Math.max(1, Math.floor((used - allowed) / step) + 1);

/**
 * What to allow instead of `allowed`, of those parts alone that are used up; undefined where another turn fits. Each is
 * raised by what the agent allows at first.
 */
export const exceededBudget = (first: Budget, allowed: Budget, { turns, usage }: Spent): Budget | undefined => {
  const costs = Object.entries(first.costMicros ?? {}).flatMap(([currency, step]) => {
    const limit = allowed.costMicros?.[currency] ?? step;
    const used = usage.costMicros?.[currency] ?? 0;
    return used >= limit ? [[currency, raisedBy(limit, step, used)] as const] : [];
  });
  const part = (name: 'turns' | 'tokens', used: number): Budget => {
    const step = first[name];
    const limit = allowed[name] ?? step;
    return step !== undefined && limit !== undefined && used >= limit ? { [name]: raisedBy(limit, step, used) } : {};
  };
  const raised: Budget = {
    ...(costs.length > 0 && { costMicros: Object.fromEntries(costs) }),
    ...part('tokens', tokensOf(usage)),
    ...part('turns', turns),
  };
  return Object.keys(raised).length > 0 ? raised : undefined;
};

/** The one that a request for more is named after. */
export const firstOf = (budget: Budget): BudgetName =>
  budget.costMicros ? 'costMicros' : budget.tokens === undefined ? 'turns' : 'tokens';

/** What was allowed before stays where nothing else is said. */
export const raiseBudget = (allowed: Budget, by: Budget): Budget => ({
  ...allowed,
  ...by,
  ...(by.costMicros && { costMicros: { ...allowed.costMicros, ...by.costMicros } }),
});
