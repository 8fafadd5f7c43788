/** The state of one run, as plain JSON: it travels through continue-as-new. Only `evolve` makes new ones. */
import type { Budget, RunLimits } from '../schemas/agent.ts';
import type { Approval } from '../schemas/approval.ts';
import type { Requester } from '../schemas/actor.ts';
import type { Basis } from '../schemas/basis.ts';
import type { EventOf, JudgedCall } from '../schemas/event.ts';
import type { BlobRef } from '../schemas/names.ts';
import type { RunStatus, Usage } from '../schemas/run.ts';
import type { RevisedCall } from '../schemas/step.ts';
import type { ActingAgent, Transfer } from '../schemas/transfer.ts';

/**
 * `waiting` for a person, `held` until the rest of its batch is approved, `ready` to be dispatched, `running`, `settled` (has a result or a denial), `parked` (only an
 * operator can say how it goes on).
 */
export type CallStatus = 'judged' | 'waiting' | 'held' | 'ready' | 'running' | 'settled' | 'parked';

export interface CallState extends Omit<JudgedCall, 'role'> {
  /** `limit`: no call, but the run's request for more budget. */
  readonly role?: JudgedCall['role'] | 'limit';
  /** `limit`: what is allowed once it is approved. */
  readonly budget?: Budget;
  readonly status: CallStatus;
  readonly revision: number;
  readonly basis?: Basis;
  /** The ledger's epoch of an attempt whose outcome nobody knows. */
  readonly unknownEpoch?: number;
  /** It will never run. */
  readonly denied?: true;
  /** What the sub-run that carries it out is at, as that one says. */
  readonly below?: 'running' | 'suspended' | 'needs_attention';
  /** It runs with others of its turn or not at all: an edit that takes the mark from its verdict does not let it go. */
  readonly together?: true;
}

/** A call that may be dispatched: it has passed the judgement and has a reason why it may run. */
export interface ReadyCall extends CallState {
  readonly argumentsRef: BlobRef;
  readonly factsRef: BlobRef;
  readonly digest: string;
  readonly basis: Basis;
}

export const isReady = (call: CallState): call is ReadyCall =>
  call.status === 'ready' &&
  call.role !== 'limit' &&
  !!call.argumentsRef &&
  !!call.factsRef &&
  !!call.digest &&
  !!call.basis;

export interface ApprovalState extends Approval {
  /** How often the gate found the accepted decision invalid. */
  readonly voids: number;
  /** Ids of signatures that were accepted once: none counts twice. */
  readonly usedSignatures: readonly string[];
  /** Ids of edits that made the revision after the one they were given on. */
  readonly revisedBy?: readonly string[];
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

export interface Attention {
  readonly code: string;
  readonly detail: string;
  readonly toolCallId?: string;
  readonly reasonRef?: BlobRef;
  readonly detailRef?: BlobRef;
}

/** Version 1, 2026-11: first form. Fields are only ever added, and optional: what a parked run carries stays readable. */
export interface RunState {
  readonly v: 1;
  readonly identity: RunIdentity;
  readonly limits: RunLimits;
  /** Driven within a request: nobody can be waited for. Absent: durable. */
  readonly execution?: 'classic';
  readonly status: RunStatus;
  /** What the loop does next: ask the model, wait for its answer, or work through the open turn's calls. */
  readonly phase: 'idle' | 'asking' | 'tools' | 'over';
  readonly startedAt: number;
  readonly turn: number;
  readonly modelAttempt: number;
  /** Which of the agent's models is asked; absent: the first. */
  readonly modelIndex?: number;
  /** The model sums up before it is asked again. */
  readonly compactDue?: true;
  /** Summaries of this turn so far. */
  readonly compactions?: number;
  /** Of this turn's attempts, those of models that were given up. */
  readonly attemptsGivenUp?: number;
  /** Not before this time is the model asked again. */
  readonly retryAt?: number;
  readonly repairs: number;
  readonly toolCalls: number;
  readonly usage: Usage;
  /** Calls and approvals of the open turn; older ones are in the store. */
  readonly calls: readonly CallState[];
  readonly approvals: Readonly<Record<string, ApprovalState>>;
  /** Why the run needs somebody: one for each parked call, one for a block. Empty: it does not. */
  readonly attentions?: readonly Attention[];
  /** Principals whose words or values are in the run, beside the requester's. */
  readonly contributors?: readonly string[];
  /** Calls that a person rejected, by fingerprint, and their reasons: the same again is refused at once. */
  readonly rejected?: Readonly<Record<string, { readonly reasonRef?: BlobRef }>>;
  /** Rejections by tool since somebody last unblocked the run. */
  readonly rejections?: Readonly<Record<string, number>>;
  readonly revising?: Readonly<Record<string, RevisedCall>>;
  /** Ids of commands that were followed: each counts once. */
  readonly followed?: readonly string[];
  /** How many messages it has had. */
  readonly messages?: number;
  /** The turn in which the last of those came that the model could not read before it spoke. */
  readonly messagedDuring?: number;
  /** What the budget was raised to; absent: the limits' own. */
  readonly budget?: Budget;
  /** Asked for before the next turn. */
  readonly limitReached?: EventOf<'budget.reached'>['data'];
  /** Requests for more budget so far. */
  readonly limitsAsked?: number;
  /** Agents that went on with the run, in order: the last one acts, and is the one in `identity`. */
  readonly transfers?: readonly (Transfer & ActingAgent)[];
  /** Who goes on with the run from the next turn on. */
  readonly transferDue?: ActingAgent & { readonly toolCallId: string };
  readonly cancel?: EventOf<'run.cancel_requested'>['data'];
  /** The run fails once nothing is out any more. */
  readonly failing?: { readonly code: string; readonly detail: string };
  readonly refusals: readonly EventOf<'decision.refused'>['data'][];
  readonly ignoredCommands: number;
  readonly lastMessageRef?: BlobRef;
}

/** How many refused decisions a run remembers for the verdict query. */
export const REMEMBERED_REFUSALS = 50;

/** Runs that were started before there were these limits have none. */
const LATER_LIMITS = {
  maxPending: 20,
  maxRejections: 3,
  maxDepth: 4,
  maxSubRuns: 50,
  maxTransfers: 5,
} satisfies Partial<RunLimits>;

export const limitsOf = ({ limits }: Pick<RunState, 'limits'>): RunLimits => ({ ...LATER_LIMITS, ...limits });

/** `contributors`: who stands behind the start beside the requester. */
export const newRunState = (
  identity: RunIdentity,
  limits: RunLimits,
  contributors: readonly string[] = [],
  execution?: RunState['execution'],
): RunState => ({
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
  ...(contributors.length > 0 && { contributors }),
  ...(execution && { execution }),
});

export const pendingApprovals = (state: RunState): readonly ApprovalState[] =>
  Object.values(state.approvals).filter((approval) => approval.status === 'pending');

export const hasCall = (state: RunState, status: CallStatus): boolean =>
  state.calls.some((call) => call.status === status);

/** True while a step is out: neither the end nor continue-as-new may come now. */
export const hasWorkInFlight = (state: RunState): boolean => state.phase === 'asking' || hasCall(state, 'running');

/** True while something is under way that waits for nobody: a sub-run in which people are waited for is not. */
export const isMoving = (state: RunState): boolean =>
  state.phase === 'asking' || state.calls.some((call) => call.status === 'running' && !isWaitingBelow(call));

export const isWaitingBelow = ({ status, below }: CallState): boolean =>
  status === 'running' && (below === 'suspended' || below === 'needs_attention');

/** The end is decided: nothing new starts, what is out is waited for. */
export const isEnding = (state: RunState): boolean => state.cancel !== undefined || state.failing !== undefined;

/** Code of a block that came from the run above: it goes with that one's. */
export const BLOCKED_ABOVE = 'blocked_above';

/** Codes of attentions that concern the whole run, not one parked call. */
const RUN_WIDE = new Set(['blocked', BLOCKED_ABOVE, 'blocked_by_agent', 'too_many_rejections']);

export const concernsRun = (attention: Attention): boolean => RUN_WIDE.has(attention.code);

/** Somebody, or the agent itself, has stopped the run: nothing is dispatched until it is unblocked. */
export const isBlocked = (state: RunState): boolean => (state.attentions ?? []).some(concernsRun);
