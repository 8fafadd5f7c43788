import { z } from 'zod';
import { GrantScope } from '../domain/schemas/approval.ts';
import { AgentName, Digest, RunId, ToolName } from '../domain/schemas/names.ts';
import { DurationText, Json, PrincipalField, Timestamp, spokenText } from './fields.ts';
import { pageOf, pageQuery } from './pagination.ts';
import { ConversationId } from './runs.ts';

/** No grant lasts longer. */
export const GRANT_MAX_DAYS = 365;

const GrantId = z
  .string()
  .regex(/^grant_[a-z2-7]{26}$/)
  .meta({ example: 'grant_k3v7qdxr2mzw5n4hbt6ycafe2a' });

/** By JSON pointer, one for every leaf of the arguments: a call with a leaf that is not named is not covered. */
export const Constraints = z.record(z.string().max(1_000), Json).meta({
  description: 'For each leaf of the arguments: `{equals}`, `{oneOf}`, `{min?, max}` or `{any: true}`',
  example: { '/order': { any: true }, '/amount': { max: 50 } },
});

/** Pre-approves calls within bounds. Policy that denies, or asks without `grantable`, beats it. */
export const CreateGrant = z
  .strictObject({
    scope: GrantScope.meta({ description: 'How far it reaches: one run, one conversation, or all runs of the agent' }),
    runId: RunId.optional().meta({ description: 'Of scope `run`: which' }),
    conversationId: ConversationId.optional().meta({ description: 'Of scope `conversation`: which' }),
    agent: AgentName.optional().meta({ description: 'Of other scopes than `run`: whose calls' }),
    requester: spokenText(200).optional().meta({ description: 'Of other scopes than `run`: whose runs' }),
    tool: ToolName,
    constraints: Constraints,
    ttl: DurationText,
    uses: z.number().int().min(1).max(10_000),
  })
  .refine(({ scope, runId }) => (scope === 'run') === (runId !== undefined), {
    path: ['runId'],
    message: 'belongs to scope `run`, and to no other',
  })
  .refine(({ scope, conversationId }) => (scope === 'conversation') === (conversationId !== undefined), {
    path: ['conversationId'],
    message: 'belongs to scope `conversation`, and to no other',
  })
  .refine(({ scope, agent }) => (scope === 'run') !== (agent !== undefined), {
    path: ['agent'],
    message: 'belongs to every scope but `run`, whose run has one',
  })
  .refine(({ scope, requester }) => (scope === 'run') !== (requester !== undefined), {
    path: ['requester'],
    message: 'belongs to every scope but `run`, whose run has one',
  })
  .meta({
    id: 'CreateGrant',
    examples: [
      {
        scope: 'agent',
        agent: 'refunds',
        requester: 'user:ada',
        tool: 'refund',
        constraints: { '/order': { any: true }, '/amount': { max: 50 } },
        ttl: '8h',
        uses: 10,
      },
      {
        scope: 'run',
        runId: 'run_k3v7qdxr2mzw5n4hbt6ycafe2a',
        tool: 'refund',
        constraints: { '/order': { equals: 7 }, '/amount': { max: 50 } },
        ttl: '1h',
        uses: 1,
      },
    ],
  });
export type CreateGrant = z.infer<typeof CreateGrant>;

export const GrantStatus = z.enum(['proposed', 'live', 'used_up', 'expired', 'void', 'revoked']);
export type GrantStatus = z.infer<typeof GrantStatus>;

/** A pre-approval. */
export const Grant = z
  .object({
    grantId: GrantId,
    status: GrantStatus.meta({
      description:
        '`proposed`: the decision it came with has not won (yet). `void`: agent, policy or tool are not what they were.',
    }),
    scope: GrantScope,
    runId: RunId.nullable(),
    conversationId: z.string().nullable(),
    agent: AgentName,
    agentDigest: Digest,
    policyDigest: Digest,
    requester: PrincipalField,
    tool: z.string(),
    definitionDigest: Digest,
    constraints: Json.optional().meta({ description: 'Absent once erased' }),
    uses: z.number().int().nonnegative(),
    maxUses: z.number().int().positive(),
    usage: z.string().meta({ description: 'For people', example: 'used 7 of 10' }),
    createdBy: PrincipalField,
    createdAt: Timestamp,
    expiresAt: Timestamp,
    decisionId: z.string().nullable().meta({ description: 'The decision it came from; null: an operator made it' }),
    revokedAt: Timestamp.nullable(),
    revokedBy: PrincipalField.nullable(),
    links: z.object({ self: z.string() }),
  })
  .meta({ id: 'Grant' });
export type Grant = z.infer<typeof Grant>;

export const GrantPage = pageOf(Grant).meta({ id: 'GrantPage' });

export const ListGrantsQuery = z.strictObject({
  agent: AgentName.optional(),
  requester: z.string().min(1).max(200).optional(),
  tool: ToolName.optional(),
  state: z.enum(['proposed', 'live', 'revoked']).optional(),
  ...pageQuery,
});

export const GrantParams = z.strictObject({ grantId: GrantId });
