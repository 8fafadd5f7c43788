/** The state of one run, as plain JSON: it travels through continue-as-new. Only `evolve` makes new ones. */
import type { RunLimits } from '../schemas/agent.ts';
import type { Approval } from '../schemas/approval.ts';
import type { Requester } from '../schemas/actor.ts';
import type { Basis, EventOf, JudgedCall } from '../schemas/event.ts';
import type { BlobRef } from '../schemas/names.ts';
import type { RunStatus, Usage } from '../schemas/run.ts';

/**
 * `waiting` for a person, `ready` to be dispatched, `running`, `settled` (has a result or a denial), `parked` (only an
 * operator can say how it goes on).
 */
export type CallStatus = 'judged' | 'waiting' | 'ready' | 'running' | 'settled' | 'parked';

export interface CallState extends JudgedCall {
  readonly status: CallStatus;
  readonly revision: number;
  readonly basis?: Basis;
}

/** A call that may be dispatched: it has passed the judgement and has a reason why it may run. */
export interface ReadyCall extends CallState {
  readonly argumentsRef: BlobRef;
  readonly factsRef: BlobRef;
  readonly digest: string;
  readonly basis: Basis;
}

export const isReady = (call: CallState): call is ReadyCall =>
  call.status === 'ready' && !!call.argumentsRef && !!call.factsRef && !!call.digest && !!call.basis;

export interface ApprovalState extends Approval {
  /** How often the gate found the accepted decision invalid. */
  readonly voids: number;
  /** Ids of signatures that were accepted once: none counts twice. */
  readonly usedSignatures: readonly string[];
}

export interface RunIdentity {
  readonly tenant: string;
  readonly project: string;
  readonly runId: string;
  readonly rootRunId: string;
  /** Agents from the root to this run, this run's included. */
  readonly path: readonly string[];
  readonly agent: string;
  readonly agentDigest: string;
  readonly policyDigest: string;
  readonly requester: Requester;
}

/** Version 1, 2026-11: first form. */
export interface RunState {
  readonly v: 1;
  readonly identity: RunIdentity;
  readonly limits: RunLimits;
  readonly status: RunStatus;
  /** What the loop does next: ask the model, wait for its answer, or work through the open turn's calls. */
  readonly phase: 'idle' | 'asking' | 'tools' | 'over';
  readonly startedAt: number;
  readonly turn: number;
  readonly modelAttempt: number;
  /** Not before this time is the model asked again. */
  readonly retryAt?: number;
  readonly repairs: number;
  readonly toolCalls: number;
  readonly usage: Usage;
  /** Calls and approvals of the open turn; older ones are in the store. */
  readonly calls: readonly CallState[];
  readonly approvals: Readonly<Record<string, ApprovalState>>;
  readonly attention?: { readonly code: string; readonly detail: string };
  readonly cancel?: EventOf<'run.cancel_requested'>['data'];
  readonly refusals: readonly EventOf<'decision.refused'>['data'][];
  readonly ignoredCommands: number;
  readonly lastMessageRef?: BlobRef;
}

/** How many refused decisions a run remembers for the verdict query. */
export const REMEMBERED_REFUSALS = 50;

export const newRunState = (identity: RunIdentity, limits: RunLimits): RunState => ({
  v: 1,
  identity,
  limits,
  status: 'running',
  phase: 'idle',
  startedAt: 0,
  turn: 0,
  modelAttempt: 0,
  repairs: 0,
  toolCalls: 0,
  usage: { inputTokens: 0, outputTokens: 0 },
  calls: [],
  approvals: {},
  refusals: [],
  ignoredCommands: 0,
});

export const pendingApprovals = (state: RunState): readonly ApprovalState[] =>
  Object.values(state.approvals).filter((approval) => approval.status === 'pending');

export const hasCall = (state: RunState, status: CallStatus): boolean =>
  state.calls.some((call) => call.status === status);

/** True while a step is out: neither the end nor continue-as-new may come now. */
export const hasWorkInFlight = (state: RunState): boolean => state.phase === 'asking' || hasCall(state, 'running');
