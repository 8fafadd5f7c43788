/** Another agent goes on with a run, in the same conversation. */
import type { EventOf, RunEvent } from '../schemas/event.ts';
import type { ActingAgent, Transfer } from '../schemas/transfer.ts';
import type { RunState } from './state.ts';

/** The path of the run with the agent that acts now in the place of the one before. */
export const pathWith = (path: readonly string[], agent: string): readonly string[] => [...path.slice(0, -1), agent];

/** Without what only people and views need. */
export const proofsOf = (transfers: NonNullable<RunState['transfers']>): readonly Transfer[] =>
  transfers.map(({ agent: _, agentDigest: __, policyDigest: ___, ...transfer }) => transfer);

/** What happens before the next turn: nothing where the same agent goes on. */
export const transferEvents = ({ transferDue, identity }: RunState, now: number): RunEvent[] =>
  transferDue ? [{ type: 'run.transferred', at: now, data: { from: identity.agent, ...transferDue } }] : [];

/** The agent is done, and the next of its sequence follows. */
export const nextInSequence = ({ identity }: RunState, next: ActingAgent, now: number): RunEvent => ({
  type: 'run.transferred',
  at: now,
  data: { from: identity.agent, ...next },
});

/** A call that hands the run over has happened. What a person answers in its place hands nothing over. */
export const withTransferDue = (state: RunState, { data }: EventOf<'tool.completed'>): RunState => {
  const call = state.calls.find(({ toolCallId }) => toolCallId === data.toolCallId);
  const happened = call?.role === 'transfer' && data.suppliedBy === undefined && !state.transferDue;
  return happened && call.transfer
    ? { ...state, transferDue: { toolCallId: call.toolCallId, ...call.transfer } }
    : state;
};

const proofOf = (state: RunState, toolCallId: string | undefined): Transfer => {
  const call = state.calls.find((one) => one.toolCallId === toolCallId);
  if (!call?.basis || !call.argumentsRef || !call.factsRef) return { sequence: true };
  const { revision, basis, argumentsRef, factsRef, grantId } = call;
  const grant = basis === 'grant' && grantId !== undefined ? { grantId } : {};
  return { toolCallId: call.toolCallId, revision, basis, argumentsRef, factsRef, ...grant };
};

/** The run is another agent's: what the one before was asked to do again, and which of its models it used, is gone. */
export const transferred = (state: RunState, { data }: EventOf<'run.transferred'>): RunState => {
  const { toolCallId, from: _, ...acting } = data;
  const { transferDue: __, revising: ___, modelIndex: ____, ...rest } = state;
  return {
    ...rest,
    identity: { ...state.identity, ...acting, path: pathWith(state.identity.path, acting.agent) },
    transfers: [...(state.transfers ?? []), { ...proofOf(state, toolCallId), ...acting }],
  };
};
