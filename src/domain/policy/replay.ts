/** A policy against calls that were really made: which of them it would ask about more, or less. */
import { compareVerdicts } from './compare-verdicts.ts';
import type { Comparison } from './compare-verdicts.ts';
import type { CompiledLayer } from './compile.ts';
import { evaluatePolicy } from './evaluate.ts';
import type { Verdict } from './evaluate.ts';
import type { PolicyFacts } from './facts.ts';
import type { Effect } from './policy-schema.ts';

export interface RecordedCall {
  readonly runId: string;
  readonly toolCallId: string;
  /** As policy saw them when the call was made. */
  readonly facts: PolicyFacts;
}

/** One policy for all calls, or each run's own. */
export type PolicyOf<Call extends RecordedCall> = readonly CompiledLayer[] | ((call: Call) => readonly CompiledLayer[]);

export interface ReplayedCall<Call extends RecordedCall> {
  readonly call: Call;
  readonly before: Verdict;
  readonly after: Verdict;
}

type EffectCounts = Readonly<Record<Effect, number>>;

export interface ToolReplay {
  readonly tool: string;
  readonly calls: number;
  readonly before: EffectCounts;
  readonly after: EffectCounts;
}

export interface Replay<Call extends RecordedCall> {
  readonly calls: number;
  readonly counts: Readonly<Record<Comparison, number>>;
  /** By name. */
  readonly tools: readonly ToolReplay[];
  /** The first few of each kind, in the order given. */
  readonly examples: Readonly<Record<Exclude<Comparison, 'same'>, readonly ReplayedCall<Call>[]>>;
}

/** Examples of each kind: enough to see what a change is about. */
export const MAX_REPLAY_EXAMPLES = 10;

const effectCounts = (): Record<Effect, number> => ({ allow: 0, ask: 0, deny: 0 });

const layersFor = <Call extends RecordedCall>(policy: PolicyOf<Call>, call: Call): readonly CompiledLayer[] =>
  typeof policy === 'function' ? policy(call) : policy;

export interface Replaying<Call extends RecordedCall> {
  add(call: Call): void;
  result(): Replay<Call>;
}

/** Call by call, for whoever has other things to do in between. */
export function startReplay<Call extends RecordedCall>(before: PolicyOf<Call>, after: PolicyOf<Call>): Replaying<Call> {
  const counts: Record<Comparison, number> = { same: 0, stricter: 0, laxer: 0, different: 0 };
  const examples: Record<Exclude<Comparison, 'same'>, ReplayedCall<Call>[]> = {
    stricter: [],
    laxer: [],
    different: [],
  };
  const tools = new Map<string, { before: Record<Effect, number>; after: Record<Effect, number> }>();
  let calls = 0;
  return {
    add(call) {
      const replayed = {
        call,
        before: evaluatePolicy(layersFor(before, call), call.facts),
        after: evaluatePolicy(layersFor(after, call), call.facts),
      };
      const comparison = compareVerdicts(replayed.before, replayed.after);
      calls += 1;
      counts[comparison] += 1;
      if (comparison !== 'same' && examples[comparison].length < MAX_REPLAY_EXAMPLES)
        examples[comparison].push(replayed);
      const { name } = call.facts.tool;
      const tool = tools.get(name) ?? { before: effectCounts(), after: effectCounts() };
      tools.set(name, tool);
      tool.before[replayed.before.effect] += 1;
      tool.after[replayed.after.effect] += 1;
    },
    result: () => ({
      calls,
      counts,
      tools: [...tools]
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .map(([tool, of]) => ({ tool, calls: of.before.allow + of.before.ask + of.before.deny, ...of })),
      examples,
    }),
  };
}

/** What `after` would have asked more or less than `before`, of calls that were made. */
export function replayPolicy<Call extends RecordedCall>(
  recorded: readonly Call[],
  before: PolicyOf<Call>,
  after: PolicyOf<Call>,
): Replay<Call> {
  const replaying = startReplay(before, after);
  for (const call of recorded) replaying.add(call);
  return replaying.result();
}
