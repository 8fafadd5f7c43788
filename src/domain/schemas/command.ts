import { z } from 'zod';
import { Channel, Requester } from './actor.ts';
import { DecisionKind } from './approval.ts';
import { AgentName, BlobRef, Digest, RunId, ScopeName } from './names.ts';

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
});
export type StartCommand = z.infer<typeof StartCommand>;

/** Decides one revision of one approval. */
export const DecideCommand = z.strictObject({
  type: z.literal('decide'),
  runId: RunId,
  approvalId: z.string(),
  revision: z.number().int().positive(),
  decisionId: z.string(),
  decision: DecisionKind,
  /** What the person was shown. Required to approve. */
  digest: Digest.optional(),
  reasonRef: BlobRef.optional(),
});
export type DecideCommand = z.infer<typeof DecideCommand>;

export const CancelCommand = z.strictObject({
  type: z.literal('cancel'),
  runId: RunId,
  commandId: z.string(),
  reasonRef: BlobRef.optional(),
});
export type CancelCommand = z.infer<typeof CancelCommand>;

export const Command = z.discriminatedUnion('type', [StartCommand, DecideCommand, CancelCommand]);
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
  runId: RunId,
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
    authTime: z.number(),
  }),
  channel: Channel,
  iat: z.number(),
  jti: z.string(),
});
export type CommandClaims = z.infer<typeof CommandClaims>;
