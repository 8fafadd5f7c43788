/** Changes of one call of the open turn. */
import type { CallState, RunState } from './state.ts';

/** Whether a verdict makes its call one of those that run together or not at all. */
export const asksTogether = (verdict: CallState['verdict']): boolean =>
  verdict?.batch === 'all_or_nothing' && verdict.effect === 'ask';

const isInBatch = (call: CallState): boolean => call.together === true;

/** Calls that belong together are let go once each of them is approved, or answered by a person. */
export const releaseBatch = (calls: readonly CallState[]): readonly CallState[] => {
  const batch = calls.filter(isInBatch);
  const isComplete = batch.every((call) => call.status === 'held' || (call.status === 'settled' && !call.denied));
  return isComplete && batch.some((call) => call.status === 'held')
    ? calls.map((call) => (call.status === 'held' ? { ...call, status: 'ready' } : call))
    : calls;
};

export const withCall = (state: RunState, id: string, change: Partial<CallState>): RunState => {
  const calls = releaseBatch(state.calls.map((call) => (call.toolCallId === id ? { ...call, ...change } : call)));
  const allSettled = calls.every((call) => call.status === 'settled');
  return { ...state, calls, phase: state.phase === 'tools' && allSettled ? 'idle' : state.phase };
};

/** Where an approved call stands: it waits for the rest of its batch, if it has one. */
export const approvedStatus = (state: RunState, id: string): 'held' | 'ready' => {
  const call = state.calls.find((one) => one.toolCallId === id);
  return call && isInBatch(call) ? 'held' : 'ready';
};

/** Calls that can never run any more, since one that they belong with was refused. */
export const doomedByBatch = (state: RunState): readonly CallState[] => {
  const batch = state.calls.filter(isInBatch);
  return batch.some((call) => call.denied)
    ? batch.filter((call) => call.status === 'waiting' || call.status === 'held')
    : [];
};
