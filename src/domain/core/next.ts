/** What a driver has to do now. Drivers only perform actions: the workflow, the classic loop, the tests. */
import { nextDeadline } from './clocks.ts';
import { isFinished } from './run-status.ts';
import { hasWorkInFlight, isBlocked, isEnding, isReady } from './state.ts';
import type { ReadyCall, RunState } from './state.ts';

export type Action =
  | { readonly type: 'call_model' }
  | { readonly type: 'run_tool'; readonly call: ReadyCall }
  /** Stop what is out: the run is being cancelled. */
  | { readonly type: 'stop_work' }
  /** Nothing to do until a command arrives or this time comes. */
  | { readonly type: 'wait'; readonly until?: number }
  | { readonly type: 'end' };

const wait = (state: RunState): Action => {
  // A time that has come already wakes nobody: what holds the model back is not the clock then.
  const retryAt = state.phase === 'idle' && !isBlocked(state) ? state.retryAt : undefined;
  const times = [nextDeadline(state), retryAt].filter((time) => time !== undefined);
  return times.length > 0 ? { type: 'wait', until: Math.min(...times) } : { type: 'wait' };
};

export const next = (state: RunState, now: number): readonly Action[] => {
  if (isFinished(state.status)) return [{ type: 'end' }];
  if (isEnding(state)) {
    const stops = state.cancel !== undefined && hasWorkInFlight(state);
    return [...(stops ? [{ type: 'stop_work' } as const] : []), { type: 'wait' }];
  }
  // What is parked or stopped still has its clocks.
  if (isBlocked(state)) return [wait(state)];
  if (state.phase === 'idle') {
    const due = state.retryAt === undefined || state.retryAt <= now;
    return due ? [{ type: 'call_model' }] : [wait(state)];
  }
  const running = state.calls.filter((call) => call.status === 'running').length;
  const room = Math.max(0, state.limits.maxConcurrentTools - running);
  const ready = state.calls.filter(isReady).slice(0, room);
  return [...ready.map((call): Action => ({ type: 'run_tool', call })), wait(state)];
};
