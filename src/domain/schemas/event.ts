import { z } from 'zod';
import { Actor, Channel, Requester } from './actor.ts';
import { Approval, DecisionKind, Verdict } from './approval.ts';
import { BlobRef, Digest, EpochMs, RunId, ToolCallId } from './names.ts';
import { Receipt, Usage } from './run.ts';

/** One call of a turn as the model step judged it. `problem` is set where the call can never run. */
export const JudgedCall = z.object({
  toolCallId: ToolCallId,
  tool: z.string(),
  /** The strict parser's canonical bytes, in the blob store. Absent where the arguments could not be read. */
  argumentsRef: BlobRef.optional(),
  /** What policy conditions saw beside the call itself: recorded, so that the gate can evaluate the same again. */
  factsRef: BlobRef.optional(),
  digest: Digest.optional(),
  verdict: Verdict.optional(),
  effect: z.enum(['none', 'idempotent', 'once']).optional(),
  timeoutMs: z.number().int().positive().optional(),
  problem: z.object({ code: z.string(), message: z.string(), reasonRef: BlobRef.optional() }).optional(),
});
export type JudgedCall = z.infer<typeof JudgedCall>;

/** Why a dispatch may run. The gate proves it again. */
export const Basis = z.enum(['consent', 'rule']);
export type Basis = z.infer<typeof Basis>;

const event = <T extends string, D extends z.ZodRawShape>(type: T, data: D) =>
  z.object({ type: z.literal(type), at: EpochMs, data: z.object(data) });

const callData = { toolCallId: ToolCallId, tool: z.string() };
const decisionData = { approvalId: z.string(), revision: z.number(), decisionId: z.string() };

/**
 * Everything that can happen in a run. The stream, the audit log and the inbox all read these.
 * Data holds ids, digests, codes and commitments, never content: content is in blobs.
 */
export const RunEvent = z.discriminatedUnion('type', [
  event('run.started', {
    agent: z.string(),
    agentDigest: Digest,
    policyDigest: Digest,
    requester: Requester,
    inputRef: BlobRef,
    conversationId: z.string().optional(),
  }),
  event('run.suspended', {}),
  event('run.resumed', {}),
  event('run.blocked', { code: z.string(), detail: z.string(), toolCallId: ToolCallId.optional() }),
  /** The end is near: nothing new is dispatched, what runs is asked to stop, then `run.cancelled` follows. */
  event('run.cancel_requested', { actor: Actor.optional(), channel: Channel, reasonRef: BlobRef.optional() }),
  event('run.completed', { messageRef: BlobRef.optional(), receipts: z.array(Receipt) }),
  event('run.failed', { code: z.string(), detail: z.string() }),
  event('run.cancelled', { actor: Actor.optional(), channel: Channel, reasonRef: BlobRef.optional() }),
  event('turn.started', { turn: z.number() }),
  event('message.restarted', { turn: z.number(), code: z.string(), retryAt: EpochMs.optional() }),
  event('message.completed', {
    turn: z.number(),
    messageRef: BlobRef,
    finishReason: z.string(),
    calls: z.array(JudgedCall),
  }),
  event('usage.recorded', { turn: z.number(), ...Usage.shape }),
  event('approval.requested', { approval: Approval }),
  event('approval.decided', {
    ...decisionData,
    decision: DecisionKind,
    status: z.enum(['approved', 'rejected']),
    digest: Digest,
    actor: Actor,
    channel: Channel,
    /** The `jti` of the signed command: it counts once. */
    signatureId: z.string(),
    reasonRef: BlobRef.optional(),
    executeBy: EpochMs.optional(),
  }),
  event('decision.refused', {
    ...decisionData,
    code: z.string(),
    /** The decision that won, where there is one. */
    winner: z.object({ decisionId: z.string(), decision: DecisionKind, principal: z.string() }).optional(),
    /** True where an earlier, accepted decision was found invalid by the gate: the approval pends again. */
    voided: z.boolean().optional(),
  }),
  event('approval.expired', { approvalId: z.string(), revision: z.number() }),
  event('approval.withdrawn', { approvalId: z.string(), revision: z.number() }),
  event('tool.started', { ...callData, basis: Basis, effectKey: z.string(), digest: Digest }),
  event('tool.completed', { ...callData, resultRef: BlobRef }),
  /** What the tool said is content, in a blob. */
  event('tool.failed', { ...callData, code: z.string(), reasonRef: BlobRef }),
  /** The call will never run. `message` is what the model is told, made of fixed texts; a person's reason, or what is wrong with the arguments, is a blob. */
  event('tool.denied', { ...callData, code: z.string(), message: z.string(), reasonRef: BlobRef.optional() }),
  event('tool.outcome_unknown', { ...callData, effectKey: z.string() }),
  event('contract.unmet', { missing: z.array(z.object({ path: z.string(), problem: z.string() })) }),
  event('contract.met', { receipts: z.array(Receipt) }),
  /** Commands that never reach the core are counted, shown and otherwise without effect. */
  event('command.ignored', { signal: z.string(), code: z.string(), ignored: z.number() }),
]);
export type RunEvent = z.infer<typeof RunEvent>;
export type RunEventType = RunEvent['type'];
export type EventOf<T extends RunEventType> = Extract<RunEvent, { type: T }>;

/** An event with its place among those of its origin. Workflow events are numbered from 1 without gaps. */
export interface NumberedEvent {
  readonly ordinal: number;
  readonly event: RunEvent;
}

/** An event as stored: one sequence and one hash chain for each root run. */
export const StoredEvent = z.object({
  seq: z.number().int().positive(),
  runId: RunId,
  origin: z.string(),
  ordinal: z.number().int().positive(),
  type: z.string(),
  at: EpochMs,
  data: z.record(z.string(), z.unknown()),
});
export type StoredEvent = z.infer<typeof StoredEvent>;
