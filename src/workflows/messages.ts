/** Every signal and query of `agentRun`, on one screen. Bridge and shell use these names; they outlive code. */
import { defineQuery, defineSignal } from '@temporalio/workflow';
import type { RunLimits } from '../domain/schemas/agent.ts';
import type { Approval } from '../domain/schemas/approval.ts';
import type { SignedCommand } from '../domain/schemas/command.ts';
import type { RunStatus, Usage } from '../domain/schemas/run.ts';
import type { Attention, RunState } from '../domain/core/state.ts';

export const AGENT_RUN = 'agentRun';

/** What continue-as-new takes along: the state, the numbering of events, and the accepted, signed decisions. */
export interface CarriedRun {
  readonly state: RunState;
  readonly nextOrdinal: number;
  readonly evidence: Readonly<Record<string, SignedCommand | readonly SignedCommand[]>>;
  readonly retries?: Readonly<Record<string, SignedCommand>>;
}

/** What `agentRun` is started with. `carry` is set by continue-as-new only. */
export interface AgentRunInput {
  readonly v: 1;
  readonly start: SignedCommand;
  /** Ed25519 public keys (base64url) that certify the bridge's signing keys, pinned for the whole run. */
  readonly anchors: readonly string[];
  /** The audience that signed commands must name: this deployment. */
  readonly audience: string;
  /** False where the namespace lacks our search attributes: the run then works without them. */
  readonly searchAttributes: boolean;
  readonly limits: RunLimits;
  /** Runs that were started before it was so have none of it, and replay as they ran. */
  readonly statusFollowsTools?: true;
  /** A step that broke for good asks the ledger before the call is parked. Since the same. */
  readonly asksLedger?: true;
  /** Of a sub-run: whose words or values were in its parent when it began. */
  readonly contributors?: readonly string[];
  /** Of a sub-run: the run above was blocked when it began. */
  readonly blockedAbove?: true;
  readonly carry?: CarriedRun;
}

export interface RunStatusView {
  readonly runId: string;
  readonly agent: string;
  readonly status: RunStatus;
  readonly turn: number;
  readonly pendingApprovals: number;
  readonly runningTools: number;
  readonly usage: Usage;
  readonly ignoredCommands: number;
  /** Why the run needs somebody, and about which call. */
  readonly attentions: readonly Pick<Attention, 'code' | 'detail' | 'toolCallId'>[];
}

/** Cut to 16 KB: `more` says how many were left out. Arguments are in the store, under `argumentsRef`. */
export interface ApprovalsView {
  readonly approvals: readonly Approval[];
  readonly more: number;
}

export interface VerdictView {
  readonly outcome: 'recorded' | 'already_recorded' | 'vote_recorded' | 'revised' | 'refused' | 'unknown';
  readonly code?: string;
  readonly approval?: Approval;
}

/** Decide one approval. Unattested or malformed commands are counted and change nothing. */
export const decideSignal = defineSignal<[SignedCommand]>('decide');
/** End the run. Obeyed unattested too, since it only tightens. */
export const cancelSignal = defineSignal<[SignedCommand?]>('cancel');
/** Give an approval more time. */
export const extendSignal = defineSignal<[SignedCommand]>('extend');
/** Park the run until somebody unblocks it. Obeyed unattested too, since it only tightens. */
export const blockSignal = defineSignal<[SignedCommand?]>('block');
/** Let a blocked run go on. */
export const unblockSignal = defineSignal<[SignedCommand]>('unblock');
/** Say something to the model. */
export const messageSignal = defineSignal<[SignedCommand]>('message');
/** Say how a parked call goes on. */
export const resolveSignal = defineSignal<[SignedCommand]>('resolve');
/** A call's outcome may be known by now: ask the gate once more. Unsigned, since the ledger answers, not the sender. */
export const recheckSignal = defineSignal<[string]>('recheck');

/** From the parent's workflow: it is blocked. Unsigned, since it only tightens. */
export const blockedAboveSignal = defineSignal('blockedAbove');
/** From a sub-run's workflow: what the run that carries the call out is at. Unsigned: it is shown, and proves nothing. */
export const subRunStatusSignal = defineSignal<[string, string]>('subRunStatus');

/** The signals that carry a signed command. */
export const COMMAND_SIGNALS = {
  decide: decideSignal,
  cancel: cancelSignal,
  extend: extendSignal,
  block: blockSignal,
  unblock: unblockSignal,
  resolve: resolveSignal,
  message: messageSignal,
} as const;
export type CommandName = keyof typeof COMMAND_SIGNALS;

export const statusQuery = defineQuery<RunStatusView>('status');
export const approvalsQuery = defineQuery<ApprovalsView>('approvals');
export const verdictQuery = defineQuery<VerdictView, [string, string]>('verdict');
