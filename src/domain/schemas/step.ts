/**
 * What the workflow hands to its steps (activities) and gets back. These shapes are in Temporal's history: they hold
 * ids, digests, codes and references, never content. Fields are only ever added.
 */
import { z } from 'zod';
import { Budget } from './agent.ts';
import type { SignedCommand } from './command.ts';
import { Verdict } from './approval.ts';
import type { RunLimits } from './agent.ts';
import type { Basis } from './basis.ts';
import { JudgedCall } from './event.ts';
import type { NumberedEvent } from './event.ts';
import { ApprovalKey, BlobRef, Digest } from './names.ts';
import { Receipt, Usage } from './run.ts';
import type { RunStatus } from './run.ts';
import { ActingAgent } from './transfer.ts';
import type { Transfer } from './transfer.ts';

/** The run a step works for. Hints only: the gate trusts the signed start command in the store. */
export interface StepRun {
  readonly tenant: string;
  readonly project: string;
  readonly runId: string;
  readonly rootRunId: string;
  readonly agentDigest: string;
  /** In order; absent: the agent that the run was started with acts. Whoever acts for the run proves them. */
  readonly transfers?: readonly Transfer[];
}

/** Every step carries the workflow's events that the store has not acknowledged, and writes them first. */
export interface RideAlong {
  readonly run: StepRun;
  readonly events: readonly NumberedEvent[];
  /** The workflow task that tells them. Steps of runs that were started before there was it have none. */
  readonly task?: { readonly startedAt: number; readonly historyLength: number };
}

/** Answer to the events: all up to this ordinal are stored. */
export interface Acknowledged {
  readonly acknowledged: number;
}

export interface CallModelInput extends RideAlong {
  readonly turn: number;
  readonly attempt: number;
  /** Facts for policy conditions, as the workflow knows them. */
  readonly facts: { readonly startedAt: number; readonly toolCalls: number; readonly usage: Usage };
  /** Which of the agent's models is asked; absent: the first. */
  readonly modelIndex?: number;
  /** Not to be answered: what was said so far is to be summed up. */
  readonly compact?: true;
  /** Where the agent has a budget: what is allowed now, and how often more was asked for. */
  readonly budget?: { readonly allowed: Budget; readonly asked: number };
  /** Calls that a person wanted changed, by tool: the next call of that tool is their next revision. */
  readonly revising?: Readonly<Record<string, RevisedCall>>;
}

/** The approval that the next call of its tool revises. */
export interface RevisedCall {
  readonly approvalId: string;
  /** Of the approval that was sent back. */
  readonly revision: number;
  readonly argumentsRef: BlobRef;
}

/** A request for more budget, judged and ready to be asked. */
export const ReachedLimit = z.object({
  key: ApprovalKey,
  tool: z.string(),
  budget: Budget,
  argumentsRef: BlobRef,
  factsRef: BlobRef,
  digest: Digest,
  verdict: Verdict,
});
export type ReachedLimit = z.infer<typeof ReachedLimit>;

export const ModelStepResult = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('answered'),
    messageRef: BlobRef,
    finishReason: z.string(),
    calls: z.array(JudgedCall),
    usage: Usage,
    /** `provider/model` that was asked. */
    model: z.string().optional(),
    /** Set where the model asked for nothing more and another agent follows in its sequence. */
    next: ActingAgent.optional(),
    /** Its words are for those that follow. */
    hidden: z.literal(true).optional(),
    /** Another turn may not fit the model's window. */
    isFilling: z.literal(true).optional(),
    /** Set where another turn would go beyond the budget. */
    limit: ReachedLimit.optional(),
    /** Set where the model asked for nothing more and its answer does not fit the agent's output: what is wrong. */
    outputFaultRef: BlobRef.optional(),
    /** Set where the model asked for nothing more: whether the run's artifacts exist. */
    contract: z
      .object({ missing: z.array(z.object({ path: z.string(), problem: z.string() })), receipts: z.array(Receipt) })
      .optional(),
  }),
  z.object({
    type: z.literal('compacted'),
    throughTurn: z.number(),
    summaryRef: BlobRef,
    usage: Usage,
    model: z.string(),
  }),
  z.object({
    type: z.literal('failed'),
    code: z.string(),
    message: z.string(),
    retryable: z.boolean(),
    retryAfterMs: z.number().optional(),
    /** What the provider counted before it failed. */
    usage: Usage.optional(),
    model: z.string().optional(),
    /** Too long: a summary of what was said would be shorter. */
    mayCompact: z.literal(true).optional(),
    /** The agent's next model, which may be asked instead. */
    nextModel: z.string().optional(),
  }),
]);
export type ModelStepResult = z.infer<typeof ModelStepResult>;
export type CallModelOutput = Acknowledged & { readonly result: ModelStepResult };

export interface RunToolInput extends RideAlong {
  readonly turn: number;
  readonly toolCallId: string;
  /** Tells this dispatch of the call from every other: the number of the last event before it. */
  readonly dispatch?: number;
  readonly tool: string;
  readonly revision: number;
  readonly basis: Basis;
  readonly argumentsRef: BlobRef;
  readonly digest: string;
  readonly factsRef: BlobRef;
  /** Consent: the signed decisions that the workflow accepted. */
  readonly evidence: readonly SignedCommand[];
  /** The grant that covers it. */
  readonly grantId?: string;
  /** The operator's signed order to try again, after an attempt whose outcome nobody knows. */
  readonly retry?: SignedCommand;
}

/** What a tool did, as the effect ledger keeps it. What it returned or said is in a blob. */
export const ToolOutcome = z.discriminatedUnion('type', [
  z.object({ type: z.literal('completed'), resultRef: BlobRef }),
  z.object({ type: z.literal('failed'), code: z.string(), reasonRef: BlobRef }),
]);
export type ToolOutcome = z.infer<typeof ToolOutcome>;

export const ToolStepResult = z.discriminatedUnion('type', [
  ...ToolOutcome.options,
  /** The gate refused: nothing ran. `parks` asks for a person, `voidsConsent` makes the approval pend again. */
  z.object({
    type: z.literal('refused'),
    code: z.string(),
    message: z.string(),
    then: z.enum(['deny', 'park', 'void_consent', 'ask']),
    /** `ask`: what is to be asked instead, as judged by the policy of today. */
    asked: z.object({ verdict: Verdict, digest: Digest, revision: z.number().int().positive() }).optional(),
    /** What a person must see to say how it goes on. */
    detailRef: BlobRef.optional(),
  }),
  /** `epoch` of the attempt in question. */
  z.object({ type: z.literal('outcome_unknown'), epoch: z.number().int().positive().optional() }),
]);
export type ToolStepResult = z.infer<typeof ToolStepResult>;

/** The call is carried out by a run of its own, whose row is there: its parent starts it, and waits for its end. */
export interface CreatedSubRun {
  readonly type: 'sub_run';
  readonly runId: string;
  readonly agent: string;
  /** As it stands in its row. It bears no signature: whoever acts for the sub-run derives it again. */
  readonly start: SignedCommand;
  readonly limits: RunLimits;
  /** Of the reservation that the sub-run's end settles. */
  readonly epoch: number;
  readonly nonce: string;
}

export type SettledToolOutput = Acknowledged & { readonly result: ToolStepResult };
export type RunToolOutput = Acknowledged & { readonly result: ToolStepResult | CreatedSubRun };

export interface SettleSubRunInput extends RunToolInput {
  readonly subRun: Pick<CreatedSubRun, 'runId' | 'epoch' | 'nonce'>;
  /** It was stopped before its workflow began: it ends here. */
  readonly neverStarted?: true;
  /** Where the caller has a budget: what it has used without the sub-run, and what is allowed. */
  readonly spent?: Pick<CallModelInput, 'facts'> & Required<Pick<CallModelInput, 'budget'>>;
}

export type SettleSubRunOutput = SettledToolOutput & {
  /** All that the sub-run and its own have used. */
  readonly usage: Usage;
  /** Set where the caller has no budget left for another turn. */
  readonly limit?: ReachedLimit;
};

export type FlushInput = RideAlong;
/** `ended`: the run has ended in the store, with another end than its workflow tells. */
export type FlushOutput = Acknowledged & { readonly ended?: RunStatus };

/** The worker's activities, by the names that stand in histories. */
export interface RunActivities {
  callModel(input: CallModelInput): Promise<CallModelOutput>;
  runTool(input: RunToolInput): Promise<RunToolOutput>;
  /** For a dispatch that was stopped or broke: what the ledger has of it. */
  readOutcome(input: RunToolInput): Promise<SettledToolOutput>;
  /** Turns the end of a sub-run into the outcome of the call that it carried out. Tried again until it has ended. */
  settleSubRun(input: SettleSubRunInput): Promise<SettleSubRunOutput>;
  flush(input: FlushInput): Promise<FlushOutput>;
  flushLocally(input: FlushInput): Promise<FlushOutput>;
}
