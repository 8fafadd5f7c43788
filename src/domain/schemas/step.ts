/**
 * What the workflow hands to its steps (activities) and gets back. These shapes are in Temporal's history: they hold
 * ids, digests, codes and references, never content. Fields are only ever added.
 */
import { z } from 'zod';
import type { SignedCommand } from './command.ts';
import { JudgedCall } from './event.ts';
import type { Basis, NumberedEvent } from './event.ts';
import { BlobRef } from './names.ts';
import { Receipt, Usage } from './run.ts';

/** The run a step works for. Hints only: the gate trusts the signed start command in the store. */
export interface StepRun {
  readonly tenant: string;
  readonly project: string;
  readonly runId: string;
  readonly rootRunId: string;
  readonly agentDigest: string;
}

/** Every step carries the workflow's events that the store has not acknowledged, and writes them first. */
export interface RideAlong {
  readonly run: StepRun;
  readonly events: readonly NumberedEvent[];
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
}

export const ModelStepResult = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('answered'),
    messageRef: BlobRef,
    finishReason: z.string(),
    calls: z.array(JudgedCall),
    usage: Usage,
    /** Set where the model asked for nothing more: whether the run's artifacts exist. */
    contract: z
      .object({ missing: z.array(z.object({ path: z.string(), problem: z.string() })), receipts: z.array(Receipt) })
      .optional(),
  }),
  z.object({
    type: z.literal('failed'),
    code: z.string(),
    message: z.string(),
    retryable: z.boolean(),
    retryAfterMs: z.number().optional(),
  }),
]);
export type ModelStepResult = z.infer<typeof ModelStepResult>;
export type CallModelOutput = Acknowledged & { readonly result: ModelStepResult };

export interface RunToolInput extends RideAlong {
  readonly turn: number;
  readonly toolCallId: string;
  readonly tool: string;
  readonly revision: number;
  readonly basis: Basis;
  readonly argumentsRef: BlobRef;
  readonly digest: string;
  readonly factsRef: BlobRef;
  /** Consent: the signed decisions that the workflow accepted. */
  readonly evidence: readonly SignedCommand[];
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
    then: z.enum(['deny', 'park', 'void_consent']),
  }),
  z.object({ type: z.literal('outcome_unknown') }),
]);
export type ToolStepResult = z.infer<typeof ToolStepResult>;
export type RunToolOutput = Acknowledged & { readonly result: ToolStepResult };

export type FlushInput = RideAlong;
export type FlushOutput = Acknowledged;

/** The worker's activities, by the names that stand in histories. */
export interface RunActivities {
  callModel(input: CallModelInput): Promise<CallModelOutput>;
  runTool(input: RunToolInput): Promise<RunToolOutput>;
  flush(input: FlushInput): Promise<FlushOutput>;
  flushLocally(input: FlushInput): Promise<FlushOutput>;
}
