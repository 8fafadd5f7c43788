import { z } from 'zod';
import { Actor, Channel, Requester } from './actor.ts';
import { Approval, DecisionKind, Verdict } from './approval.ts';
import { Basis } from './basis.ts';
import { GuardNotice } from '../guards/guard.ts';
import { EditedCall, Resolution } from './command.ts';
import { Budget } from './agent.ts';
import { ApprovalKey, BlobRef, Digest, EpochMs, RunId, ToolCallId } from './names.ts';
import { Receipt, Usage } from './run.ts';
import { ToolRole } from './tool-role.ts';
import { TaskQueueName, ToolTaskId } from './tool-task.ts';
import { ActingAgent } from './transfer.ts';

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
  /** Of tool and arguments alone, salted by the run: equal calls of a run have the same. */
  fingerprint: Digest.optional(),
  /** Above 1 where it revises a call that a person wanted changed. */
  revision: z.number().int().positive().optional(),
  supersedes: z.string().optional(),
  previousArgumentsRef: BlobRef.optional(),
  /** A live grant that covers it. The gate looks again. */
  grantId: z.string().optional(),
  /** Tools of our own. */
  role: ToolRole.optional(),
  /** `transfer`: who goes on with the run once the call is done. */
  transfer: ActingAgent.optional(),
  /** `block`: the agent's words. */
  reasonRef: BlobRef.optional(),
  effect: z.enum(['none', 'idempotent', 'once']).optional(),
  timeoutMs: z.number().int().positive().optional(),
  problem: z.object({ code: z.string(), message: z.string(), reasonRef: BlobRef.optional() }).optional(),
});
export type JudgedCall = z.infer<typeof JudgedCall>;

const event = <T extends string, D extends z.ZodRawShape>(type: T, data: D) =>
  z.object({ type: z.literal(type), at: EpochMs, data: z.object(data) });

const callData = { toolCallId: ToolCallId, tool: z.string() };
const approvalData = { approvalId: z.string(), revision: z.number() };
const decisionData = { ...approvalData, decisionId: z.string() };
/** Who commanded something, and the signature that proves it: `jti` of the signed command, and the digest of its bytes. */
const signedData = { actor: Actor, channel: Channel, signatureId: z.string(), commandDigest: Digest.optional() };

const cancelData = {
  actor: Actor.optional(),
  channel: Channel,
  reasonRef: BlobRef.optional(),
  signatureId: z.string().optional(),
  commandDigest: Digest.optional(),
  /** The run of the same conversation that took its place. */
  replacedBy: RunId.optional(),
};

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
    /** Who stands behind the start beside the requester. */
    contributors: z.array(z.string()).optional(),
    conversationId: z.string().optional(),
    stateRef: BlobRef.optional(),
    /** Of a sub-run: the call that it carries out. */
    parentRunId: RunId.optional(),
    toolCallId: ToolCallId.optional(),
  }),
  event('run.suspended', {}),
  event('run.resumed', {}),
  /** Its requester has as many active runs as are allowed: it goes on by itself, in the order of asking. */
  event('run.queued', { limit: z.number().int().positive(), place: z.number().int().positive() }),
  event('run.dequeued', { waitedMs: z.number().int().nonnegative() }),
  /** Parked until somebody says how it goes on. `reasonRef`: a person's or the agent's words; `detailRef`: what to look at. */
  event('run.blocked', {
    code: z.string(),
    detail: z.string(),
    toolCallId: ToolCallId.optional(),
    reasonRef: BlobRef.optional(),
    detailRef: BlobRef.optional(),
    actor: Actor.optional(),
    channel: Channel.optional(),
    commandId: z.string().optional(),
    signatureId: z.string().optional(),
    commandDigest: Digest.optional(),
  }),
  /** `answers`: calls of `block_run` that the note is the result of. */
  event('run.unblocked', {
    ...signedData,
    commandId: z.string(),
    noteRef: BlobRef,
    answers: z.array(ToolCallId),
    /** Only the block that came from the run above is lifted. */
    inherited: z.boolean().optional(),
  }),
  /** The end is near: nothing new is dispatched, what runs is asked to stop, then `run.cancelled` follows. */
  event('run.cancel_requested', cancelData),
  event('run.completed', { messageRef: BlobRef.optional(), receipts: z.array(Receipt) }),
  event('run.failed', { code: z.string(), detail: z.string() }),
  event('run.cancelled', cancelData),
  /** From the next turn on the run is that agent's. `toolCallId`: the call that did it; without, the next of a sequence. */
  event('run.transferred', { from: z.string(), ...ActingAgent.shape, toolCallId: ToolCallId.optional() }),
  event('turn.started', { turn: z.number() }),
  event('message.restarted', { turn: z.number(), code: z.string(), retryAt: EpochMs.optional() }),
  /** The model failed for good: from here on the agent's next one is asked. */
  event('model.fell_back', { turn: z.number(), from: z.string(), to: z.string(), code: z.string() }),
  /** The conversation is to be summed up before the model is asked again: its provider refused it, or it nearly does. */
  event('context.filled', { turn: z.number(), reason: z.enum(['refused', 'share']) }),
  /** From here on the model is given the summary in place of all turns up to this one. The log keeps them. */
  event('context.compacted', { turn: z.number(), throughTurn: z.number(), summaryRef: BlobRef, model: z.string() }),
  event('message.completed', {
    turn: z.number(),
    messageRef: BlobRef,
    finishReason: z.string(),
    calls: z.array(JudgedCall),
    /** Of an agent whose words are for those after it in its sequence: readers of the run are not shown them. */
    hidden: z.literal(true).optional(),
  }),
  /** Somebody wrote to the model. `duringTurn`: while it spoke, so it reads this after what it says in that turn. */
  event('message.received', {
    ...signedData,
    commandId: z.string(),
    textRef: BlobRef,
    duringTurn: z.number().int().positive().optional(),
  }),
  /**
   * `failed`: of an attempt that came to nothing; its provider counted it all the same. `subRunId`: all that a sub-run and
   * its own have used, told once it has ended.
   */
  event('usage.recorded', {
    turn: z.number(),
    ...Usage.shape,
    model: z.string().optional(),
    failed: z.literal(true).optional(),
    subRunId: RunId.optional(),
  }),
  /** The next turn would go beyond the run's budget: once this one is settled, somebody is asked for what is in `budget`. */
  event('budget.reached', {
    turn: z.number(),
    key: ApprovalKey,
    tool: z.string(),
    budget: Budget,
    argumentsRef: BlobRef,
    factsRef: BlobRef,
    digest: Digest,
    verdict: Verdict,
  }),
  event('budget.raised', { key: ApprovalKey, budget: Budget }),
  event('approval.requested', { approval: Approval }),
  event('approval.decided', {
    ...decisionData,
    ...signedData,
    decision: DecisionKind,
    status: z.enum(['approved', 'rejected', 'answered', 'superseded']),
    /** Of the call that was decided; of an edited one, the digest it has now. */
    digest: Digest,
    reasonRef: BlobRef.optional(),
    executeBy: EpochMs.optional(),
    responseRef: BlobRef.optional(),
    edited: EditedCall.optional(),
    stateEditsRef: BlobRef.optional(),
    statePaths: z.array(z.string()).optional(),
    grantId: z.string().optional(),
  }),
  /** One of several votes that are needed: the approval stays open. */
  event('approval.vote_recorded', {
    ...decisionData,
    ...signedData,
    decision: DecisionKind,
    digest: Digest,
    reasonRef: BlobRef.optional(),
  }),
  /** An edit made another revision of it, which `approval.requested` asks for next. */
  event('approval.superseded', {
    ...decisionData,
    ...signedData,
    decision: DecisionKind,
    digest: Digest,
    reasonRef: BlobRef.optional(),
    edited: EditedCall,
  }),
  event('approval.expiring', { ...approvalData, decideBy: EpochMs }),
  event('approval.reminded', { ...approvalData, reminder: z.number().int().positive(), decideBy: EpochMs }),
  event('approval.extended', {
    ...approvalData,
    ...signedData,
    commandId: z.string(),
    decideBy: EpochMs,
    reasonRef: BlobRef.optional(),
  }),
  event('approval.escalated', { ...approvalData, step: z.number().int().positive(), decideBy: EpochMs }),
  /** An expired request pends again, under the same revision. */
  event('approval.reopened', { ...approvalData, decideBy: EpochMs }),
  /** Somebody who may decide it looked at it whole. Told by the bridge, once a person and revision. */
  event('approval.shown', { ...approvalData, actor: Actor, channel: Channel, digest: Digest }),
  event('approval.claimed', { ...approvalData, actor: Actor, until: EpochMs, forced: z.boolean().optional() }),
  event('approval.released', { ...approvalData, actor: Actor }),
  event('decision.refused', {
    ...decisionData,
    code: z.string(),
    /** The decision that won, where there is one. */
    winner: z.object({ decisionId: z.string(), decision: DecisionKind, principal: z.string() }).optional(),
    /** True where an earlier, accepted decision was found invalid by the gate: the approval pends again. */
    voided: z.boolean().optional(),
  }),
  event('approval.expired', { ...approvalData, outcome: z.enum(['allow', 'deny', 'block', 'fail']).optional() }),
  event('approval.withdrawn', approvalData),
  /** A command that is no decision and could not be followed. */
  event('command.refused', { command: z.string(), commandId: z.string(), code: z.string() }),
  event('tool.started', { ...callData, basis: Basis, effectKey: z.string(), digest: Digest }),
  /** How far a tool says it has come. Told by the step, at most once a second. */
  event('tool.progress', { ...callData, progress: z.number(), total: z.number().optional() }),
  /** `suppliedBy`: a person gave the result; the tool did not run, or nobody knew what it returned. */
  event('tool.completed', { ...callData, resultRef: BlobRef, suppliedBy: z.literal('person').optional() }),
  /** What the tool said is content, in a blob. */
  event('tool.failed', { ...callData, code: z.string(), reasonRef: BlobRef }),
  /** The call will never run. `message` is what the model is told, made of fixed texts; a person's reason, or what is wrong with the arguments, is a blob. */
  event('tool.denied', { ...callData, code: z.string(), message: z.string(), reasonRef: BlobRef.optional() }),
  /** What the sub-run that carries the call out is at: told by itself, for display. */
  event('sub_run.changed', {
    ...callData,
    subRunId: RunId,
    status: z.enum(['running', 'suspended', 'needs_attention']),
  }),
  event('tool.outcome_unknown', { ...callData, effectKey: z.string(), epoch: z.number().int().positive().optional() }),
  /** The gate keeps it back: a brake is on. It goes on by itself once the brake is released. */
  event('tool.held', { ...callData, code: z.string(), brakeId: z.string() }),
  /** It waits for a worker of another task queue; nothing has begun. Void after `startBy`. */
  event('tool.queued', { ...callData, taskId: ToolTaskId, taskQueue: TaskQueueName, startBy: EpochMs }),
  /** A worker of that queue has taken it: from now on it may have had its effect. Told by the bridge. */
  event('tool.claimed', { ...callData, taskId: ToolTaskId, actor: Actor, until: EpochMs }),
  /** It went on although a brake is on, since somebody has let it for a time. */
  event('brake.bypassed', { ...callData, brakeId: z.string(), bypassId: z.string() }),
  event('grant.used', { ...callData, grantId: z.string(), uses: z.number().int(), maxUses: z.number().int() }),
  /** An operator said how a parked call goes on. */
  event('effect.resolved', {
    ...callData,
    ...signedData,
    commandId: z.string(),
    effectKey: z.string(),
    epoch: z.number().int().nonnegative(),
    resolution: Resolution,
    reasonRef: BlobRef,
    resultRef: BlobRef.optional(),
  }),
  /** The ledger may know by now how a parked call ended: the gate is asked once more. */
  event('effect.rechecked', callData),
  /** An attempt that was given up has reported: what an operator said stands. */
  event('effect.late', { ...callData, effectKey: z.string(), epoch: z.number().int().positive(), outcome: z.string() }),
  /** The last message is not what the agent promises; `reasonRef`: what is wrong with it. The model is told. */
  event('output.invalid', { turn: z.number(), reasonRef: BlobRef }),
  event('contract.unmet', { missing: z.array(z.object({ path: z.string(), problem: z.string() })) }),
  event('contract.met', { receipts: z.array(Receipt) }),
  /** A guard has changed, marked or not looked at what a person wrote. Told by the bridge, before the words are used. */
  event('text.guarded', { ...GuardNotice.shape, subjectId: z.string(), actor: Actor }),
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
