/** Whether another turn fits the run's budget; where it does not, the request for more, judged and ready to be asked. */
import type { JsonValue } from '../domain/arguments/json-value.ts';
import { digestOfCall, judgeArguments } from '../domain/consent/judge-call.ts';
import { limitToolOf } from '../domain/consent/limit-request.ts';
import { exceededBudget } from '../domain/core/budget.ts';
import { limitKey } from '../domain/core/ids.ts';
import { addUsage } from '../domain/core/usage.ts';
import type { RecordedFacts } from '../domain/schemas/content.ts';
import type { Usage } from '../domain/schemas/run.ts';
import type { CallModelInput, ReachedLimit } from '../domain/schemas/step.ts';
import { makeBlob } from '../store/blobs.ts';
import type { NewBlob } from '../store/blobs.ts';
import type { PinnedRun } from './pinned-run.ts';

interface CheckedBudget {
  readonly limit: ReachedLimit;
  readonly blobs: readonly NewBlob[];
}

/** `recorded`: the facts of the turn; `used`: by its model call, or by a sub-run that it has called. */
export const checkBudget = (
  run: PinnedRun,
  { turn, facts, budget: known }: Pick<CallModelInput, 'turn' | 'facts' | 'budget'>,
  recorded: RecordedFacts,
  used: Usage,
): CheckedBudget | undefined => {
  const first = run.definition.limits.budget;
  if (!first || !known) return undefined;
  const usage = addUsage(facts.usage, used);
  const budget = exceededBudget(first, known.allowed, { turns: turn, usage });
  if (!budget) return undefined;
  const args = JSON.parse(JSON.stringify(budget)) as JsonValue;
  const key = limitKey(known.asked + 1);
  const { inputTokens, outputTokens } = usage;
  const after = { ...recorded, usage: { ...recorded.usage, inputTokens, outputTokens, turns: turn } };
  const { start, rootRunId, path, policy } = run;
  const tool = limitToolOf(budget);
  const context = { start, rootRunId, path, policy, tool, toolCallId: key, facts: after };
  const verdict = judgeArguments(context, args);
  const digest = digestOfCall(context, { arguments: args, revision: 1, verdict });
  const [argumentsBlob, factsBlob] = [makeBlob(args), makeBlob(after)];
  const { name } = tool;
  const refs = { argumentsRef: argumentsBlob.ref, factsRef: factsBlob.ref };
  return { limit: { key, tool: name, budget, ...refs, digest, verdict }, blobs: [argumentsBlob, factsBlob] };
};
