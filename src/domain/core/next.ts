/** What a driver has to do now. Drivers only perform actions: the workflow, the classic loop, the tests. */
import { isFinished } from './run-status.ts';
import { hasWorkInFlight, isReady, pendingApprovals } from './state.ts';
import type { ReadyCall, RunState } from './state.ts';

export type Action =
  | { readonly type: 'call_model' }
  | { readonly type: 'run_tool'; readonly call: ReadyCall }
  /** Stop what is out: the run is being cancelled. */
  | { readonly type: 'stop_work' }
  /** Nothing to do until a command arrives or this time comes. */
  | { readonly type: 'wait'; readonly until?: number }
  | { readonly type: 'end' };

const nextDeadline = (state: RunState): number | undefined => {
  const deadlines = pendingApprovals(state).map((approval) => approval.decideBy);
  if (state.phase === 'idle' && state.retryAt !== undefined) deadlines.push(state.retryAt);
  return deadlines.length > 0 ? Math.min(...deadlines) : undefined;
};

const wait = (state: RunState): Action => {
  const until = nextDeadline(state);
  return until === undefined ? { type: 'wait' } : { type: 'wait', until };
};

export const next = (state: RunState, now: number): readonly Action[] => {
  if (isFinished(state.status)) return [{ type: 'end' }];
  if (state.cancel) return [...(hasWorkInFlight(state) ? [{ type: 'stop_work' } as const] : []), { type: 'wait' }];
  if (state.phase === 'idle') {
    const due = state.retryAt === undefined || state.retryAt <= now;
    return due && state.status !== 'needs_attention' ? [{ type: 'call_model' }] : [wait(state)];
  }
  const running = state.calls.filter((call) => call.status === 'running').length;
  const room = Math.max(0, state.limits.maxConcurrentTools - running);
  const ready = state.calls.filter(isReady).slice(0, room);
  return [...ready.map((call): Action => ({ type: 'run_tool', call })), wait(state)];
};
