/** What policy says of a call now: the pinned policy, and what today's deployment and project layers add to it. */
import type { CompiledLayer } from '../policy/compile.ts';
import { evaluatePolicy } from '../policy/evaluate.ts';
import type { Verdict as EvaluatedVerdict } from '../policy/evaluate.ts';
import type { PolicyFacts } from '../policy/facts.ts';
import type { Verdict } from '../schemas/approval.ts';
import { tightenVerdict } from './tighten-verdict.ts';

type Layers = readonly CompiledLayer[];

/**
 * Undefined where no rule of today's layers has a say. What the deployment leaves to agents (`overridable`), the pinned
 * agent has answered: so its rules are heard beside today's.
 */
export function todaysOpinion(pinned: Layers, today: Layers, facts: PolicyFacts): EvaluatedVerdict | undefined {
  if (today.length === 0) return undefined;
  const ofAgent = pinned.filter(({ name }) => name === 'agent' || name === 'tool');
  const verdict = evaluatePolicy([...today, ...ofAgent], facts);
  const isHeard = verdict.matched.some(
    ({ layer, overridden }) => (layer === 'deployment' || layer === 'project') && overridden !== true,
  );
  return isHeard ? verdict : undefined;
}

export const todaysVerdict = (pinned: Layers, today: Layers, facts: PolicyFacts): Verdict =>
  tightenVerdict(evaluatePolicy(pinned, facts), todaysOpinion(pinned, today, facts));
