import { z } from 'zod';
import { Channel, Delegator, Requester } from './actor.ts';
import { Budget } from './agent.ts';
import { DecisionKind, GrantScope, Verdict } from './approval.ts';
import { AgentName, BlobRef, Digest, EpochMs, RunId, ScopeName, ToolCallId } from './names.ts';
import { CallProof, Transfer } from './transfer.ts';

/**
 * The call that a sub-run carries out. Nobody signs the start of a sub-run: it follows from its parent, and whoever acts for
 * it derives it again.
 */
export const ParentCall = CallProof.extend({
  runId: RunId,
  /** Of the parent before its call: which agent made it. */
  transfers: z.array(Transfer).min(1).optional(),
  /** Agents from the root to the parent. */
  path: z.array(AgentName).min(1),
});
export type ParentCall = z.infer<typeof ParentCall>;

/** Starts a run: binds run, requester, agent and policy. Its signature is what the gate trusts. */
export const StartCommand = z.strictObject({
  type: z.literal('start'),
  tenant: ScopeName,
  project: ScopeName,
  runId: RunId,
  agent: AgentName,
  agentDigest: Digest,
  policyDigest: Digest,
  requester: Requester,
  inputRef: BlobRef,
  /** 128 bits as 32 hex digits: makes digests of equal calls differ between runs. */
  salt: z.string().regex(/^[0-9a-f]{32}$/),
  conversationId: z.string().optional(),
  /**
   * Who stands behind the start beside the requester: the service that named them, and whoever could act with the
   * credential it was started with. `notRequester` excludes them as it does the requester.
   */
  contributors: z.array(z.string().min(1).max(200)).min(1).optional(),
  /** The run's state at the start, which decisions may edit and tools read. */
  stateRef: BlobRef.optional(),
  /** Values of `{{name}}` in the agent's instructions, by name: the same text in every turn. */
  variablesRef: BlobRef.optional(),
  /** An IANA name. */
  timezone: z.string().optional(),
  /** Of a sub-run, and of no other. */
  parent: ParentCall.optional(),
});
export type StartCommand = z.infer<typeof StartCommand>;

/** A call as a person has changed it. `digest` is of the revision that `editOutcome` gives it. */
export const EditedCall = z.strictObject({
  argumentsRef: BlobRef,
  digest: Digest,
  verdict: Verdict,
  /** Of a limit: the same as in the arguments, for the run to go by. */
  budget: Budget.optional(),
});
export type EditedCall = z.infer<typeof EditedCall>;

/** Decides one revision of one approval. */
export const DecideCommand = z.strictObject({
  type: z.literal('decide'),
  runId: RunId,
  approvalId: z.string(),
  revision: z.number().int().positive(),
  decisionId: z.string(),
  decision: DecisionKind,
  /** What the person was shown. Required to approve and to edit. */
  digest: Digest.optional(),
  reasonRef: BlobRef.optional(),
  /** `edit`: the call as the person wants it, judged by the bridge as the model step judges calls. */
  edited: EditedCall.optional(),
  /** `respond`: `{result}`, in place of what the tool would have returned. */
  responseRef: BlobRef.optional(),
  /** `[{path, value}]` in the blob; the paths again, since the rule names those that may be set. */
  stateEdits: z.strictObject({ ref: BlobRef, paths: z.array(z.string()).min(1).max(50) }).optional(),
  /** A grant was proposed with this decision; it lives if the decision wins. */
  grantId: z.string().optional(),
});
export type DecideCommand = z.infer<typeof DecideCommand>;

export const CancelCommand = z.strictObject({
  type: z.literal('cancel'),
  runId: RunId,
  commandId: z.string(),
  reasonRef: BlobRef.optional(),
  /** The run of the same conversation that takes its place. */
  replacedBy: RunId.optional(),
});
export type CancelCommand = z.infer<typeof CancelCommand>;

/** Gives an approval more time. */
export const ExtendCommand = z.strictObject({
  type: z.literal('extend'),
  runId: RunId,
  commandId: z.string(),
  approvalId: z.string(),
  revision: z.number().int().positive(),
  decideBy: EpochMs,
  reasonRef: BlobRef.optional(),
});
export type ExtendCommand = z.infer<typeof ExtendCommand>;

/** Parks the run until somebody unblocks it. */
export const BlockCommand = z.strictObject({
  type: z.literal('block'),
  runId: RunId,
  commandId: z.string(),
  reasonRef: BlobRef,
});
export type BlockCommand = z.infer<typeof BlockCommand>;

/** Lets a blocked run go on. The model sees the note. */
export const UnblockCommand = z.strictObject({
  type: z.literal('unblock'),
  runId: RunId,
  commandId: z.string(),
  /** `{text, result}`, both the note: a call of `block_run` is answered with it. */
  noteRef: BlobRef,
  /** To a sub-run: only the block that came from the run above is lifted. One of its own stays. */
  inherited: z.literal(true).optional(),
});
export type UnblockCommand = z.infer<typeof UnblockCommand>;

/** Something for the model to read. It decides nothing. */
export const MessageCommand = z.strictObject({
  type: z.literal('message'),
  runId: RunId,
  commandId: z.string(),
  /** `{text}`. */
  textRef: BlobRef,
});
export type MessageCommand = z.infer<typeof MessageCommand>;

/** What an operator can say about a call that is parked. */
export const Resolution = z.enum(['mark_done', 'retry', 'fail']);
export type Resolution = z.infer<typeof Resolution>;

/** Says how a parked call goes on. Bound to the attempt, so that an answer to one is no answer to the next. */
export const ResolveCommand = z.strictObject({
  type: z.literal('resolve'),
  runId: RunId,
  commandId: z.string(),
  toolCallId: ToolCallId,
  effectKey: z.string(),
  digest: Digest,
  /** The ledger's epoch of the attempt in question; 0 where nothing was reserved. */
  epoch: z.number().int().nonnegative(),
  resolution: Resolution,
  /** `mark_done`: `{result}`, supplied by a person. `fail`: `{text}`. */
  resultRef: BlobRef.optional(),
  reasonRef: BlobRef,
});
export type ResolveCommand = z.infer<typeof ResolveCommand>;

/** Pre-approves calls that are equal to one, or within stated bounds. */
export const GrantCommand = z.strictObject({
  type: z.literal('grant'),
  /** The run whose decision made it; absent where an operator made it. */
  runId: RunId.optional(),
  grantId: z.string(),
  scope: GrantScope,
  /** The conversation or run it holds for; with `agent`, neither. */
  scopeId: z.string().optional(),
  agent: AgentName,
  agentDigest: Digest,
  policyDigest: Digest,
  requester: z.string(),
  tool: z.string(),
  definitionDigest: Digest,
  /** Conditions on arguments: in the blob, as `domain/grants` has them. */
  constraintsRef: BlobRef,
  expiresAt: EpochMs,
  maxUses: z.number().int().positive(),
});
export type GrantCommand = z.infer<typeof GrantCommand>;

export const Command = z.discriminatedUnion('type', [
  StartCommand,
  DecideCommand,
  CancelCommand,
  ExtendCommand,
  BlockCommand,
  UnblockCommand,
  MessageCommand,
  ResolveCommand,
  GrantCommand,
]);
export type Command = z.infer<typeof Command>;

/** A command as it travels: the exact JSON text, and a JWS (EdDSA, compact) over a digest of it. */
export const SignedCommand = z.strictObject({ bytes: z.string().max(65_536), jws: z.string().max(16_384) });
export type SignedCommand = z.infer<typeof SignedCommand>;

/** The claims of the JWS. `iat` is in milliseconds, since it decides whether a decision was in time. */
export const CommandClaims = z.object({
  typ: z.literal('countersign.command/v1'),
  aud: z.string(),
  tenant: ScopeName,
  project: ScopeName,
  /** Absent where the command belongs to no run. */
  runId: RunId.optional(),
  approvalId: z.string().optional(),
  revision: z.number().int().positive().optional(),
  shownDigest: Digest.optional(),
  effectiveDigest: Digest.optional(),
  commandDigest: Digest,
  actor: z.object({
    principal: z.string(),
    kind: z.enum(['person', 'service']),
    groups: z.array(z.string()),
    credentialId: z.string(),
    createdBy: z.string().optional(),
    makers: z.array(z.string()).optional(),
    delegatedFrom: z.array(z.union([Delegator, z.string()])).optional(),
    authTime: z.number(),
  }),
  channel: Channel,
  iat: z.number(),
  jti: z.string(),
});
export type CommandClaims = z.infer<typeof CommandClaims>;
