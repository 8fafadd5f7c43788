/** A run that has used its budget asks for more like a call asks for consent; approved, it goes on. */
import type { EventOf, RunEvent } from '../schemas/event.ts';
import { openApproval } from './open-approval.ts';
import { isEnding } from './state.ts';
import type { ApprovalState, CallState, RunState } from './state.ts';
import { MODEL_TEXTS } from './texts.ts';

type Reached = EventOf<'budget.reached'>['data'];

export const budgetExceeded = (state: RunState, tool: string, now: number): RunEvent => ({
  type: 'run.failed',
  at: now,
  data: { code: 'budget_exceeded', detail: MODEL_TEXTS.budget_exceeded(tool, state.turn) },
});

/** Asked between turns, once all that the last turn wanted is settled. */
export const askForMore = (state: RunState, reached: Reached, now: number): RunEvent[] => {
  const { key, tool, argumentsRef, factsRef, digest, verdict } = reached;
  if (verdict.effect === 'deny') return [budgetExceeded(state, tool, now)];
  if (state.execution === 'classic') {
    const data = { code: 'budget_exceeded', detail: MODEL_TEXTS.budget_reached_in_classic(tool) };
    return [{ type: 'run.failed', at: now, data }];
  }
  const call = { toolCallId: key, tool, argumentsRef, factsRef, digest, verdict, role: 'limit' } as const;
  return [openApproval(state, call, { verdict, argumentsRef, digest, revision: 1 }, now)];
};

/** The request as a call that waits: what holds for calls holds for it, but that it is never dispatched. */
export const limitCall = (
  { toolCallId, tool, argumentsRef, factsRef, digest, verdict, revision }: ApprovalState,
  budget: Reached['budget'],
): CallState => ({
  toolCallId,
  tool,
  role: 'limit',
  status: 'waiting',
  argumentsRef,
  ...(factsRef && { factsRef }),
  digest,
  verdict,
  revision,
  budget,
});

/** An approved limit is raised at once. */
export const raisedLimits = (state: RunState, now: number): RunEvent[] =>
  isEnding(state)
    ? []
    : state.calls.flatMap(({ role, status, toolCallId, budget }): RunEvent[] =>
        role === 'limit' && status === 'ready' && budget
          ? [{ type: 'budget.raised', at: now, data: { key: toolCallId, budget } }]
          : [],
      );
