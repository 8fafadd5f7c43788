import { z } from 'zod';

/** Name of an agent: it appears in ids, search attributes and routes. */
export const AgentName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/)
  .meta({ example: 'refunds' });

/** Name of a tenant or project: as an agent's, at most 40 characters, since a workflow id carries both. */
export const ScopeName = z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/);

/** Name of a tool as models see it. */
export const ToolName = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_-]{0,63}$/)
  .meta({ example: 'refund' });

/** Name under which a secret is known to whoever keeps it. */
export const CredentialRef = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,62}$/);

/** `sha256:` and 64 hex digits. */
export const Digest = z
  .string()
  .regex(/^sha256:[0-9a-f]{64}$/)
  .meta({ example: `sha256:${'0f'.repeat(32)}` });

/** Milliseconds since 1970 in UTC; the API shows RFC 3339 instead. */
export const EpochMs = z.number().int().nonnegative();

export const RunId = z
  .string()
  .regex(/^run_[a-z2-7]{26}(\.[a-z2-7]{16}){0,8}$/)
  .meta({ example: 'run_k3v7qdxr2mzw5n4hbt6ycafe2a' });
export const ToolCallId = z
  .string()
  .regex(/^call_\d{1,6}_\d{1,4}$/)
  .meta({ example: 'call_2_0' });
export const ApprovalKey = z
  .string()
  .regex(/^(call_\d{1,6}_\d{1,4}|limit_\d{1,4})$/)
  .meta({ example: 'call_2_0' });

/** Where a run lives. Every read and write names it. */
export const Scope = z.object({ tenant: ScopeName, project: ScopeName });
export type Scope = z.infer<typeof Scope>;

/** A salted commitment to content in the blob store: the SHA-256 of `{salt, value}` as canonical JSON, and its size. */
export const BlobRef = z.object({ sha256: z.string().regex(/^[0-9a-f]{64}$/), bytes: z.number().int().nonnegative() });
export type BlobRef = z.infer<typeof BlobRef>;
