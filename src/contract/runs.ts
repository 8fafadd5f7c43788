import { z } from 'zod';
import { AgentName, Digest, RunId } from '../domain/schemas/names.ts';
import { Receipt, RunStatus } from '../domain/schemas/run.ts';
import { PrincipalField, Timestamp, spokenText } from './fields.ts';
import { pageOf, pageQuery } from './pagination.ts';

export const RunIdField = RunId.meta({ description: 'Id of a run', example: 'run_k3v7qdxr2mzw5n4hbt6ycafe2a' });

/** Longest input of a run, in characters. */
export const INPUT_MAX_CHARACTERS = 200_000;

const labelName = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,62}$/);

export const ConversationId = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,199}$/)
  .meta({ description: 'Groups runs; at most one of them is unfinished', example: 'ticket-4711' });

/** Asks for a run. */
export const StartRun = z
  .strictObject({
    agent: AgentName.meta({ description: 'Name of the agent', example: 'release-notes' }),
    input: spokenText(INPUT_MAX_CHARACTERS).meta({
      description: 'What the agent is asked to do',
      example: 'Write the release notes since v1.4.0.',
    }),
    conversationId: ConversationId.optional(),
    labels: z
      .record(labelName, z.string().max(200))
      .refine((labels) => Object.keys(labels).length <= 32, 'at most 32 labels')
      .optional()
      .meta({ description: 'Names and values to find the run by', example: { team: 'platform' } }),
  })
  .meta({ id: 'StartRun' });
export type StartRun = z.infer<typeof StartRun>;

/** One agent execution. */
export const Run = z
  .object({
    runId: RunIdField,
    rootRunId: RunId,
    agent: AgentName,
    agentDigest: Digest.meta({ description: 'The agent definition this run is pinned to' }),
    status: RunStatus.meta({
      description: '`suspended`: all that is left to do waits for a person. More values may be added.',
    }),
    requester: PrincipalField,
    conversationId: z.string().nullable(),
    labels: z.record(z.string(), z.string()),
    createdAt: Timestamp,
    updatedAt: Timestamp,
    endedAt: Timestamp.nullable(),
    failure: z.object({ code: z.string(), detail: z.string() }).nullable().meta({ description: 'Why the run failed' }),
    cancelRequested: z.boolean(),
    eventSeq: z.number().int().nonnegative().meta({
      description: 'Highest event number stored so far: read on from here with `?after=`',
    }),
    headHash: z.string().meta({ description: "Head of the event log's hash chain, as hex" }),
    links: z.object({ self: z.string(), events: z.string(), approvals: z.string(), artifacts: z.string() }),
  })
  .meta({ id: 'Run' });
export type Run = z.infer<typeof Run>;

/** A run with its words. */
export const RunDetail = Run.extend({
  input: z.string().nullable().meta({ description: 'What the agent was asked; null once erased' }),
  output: z.string().nullable().meta({ description: "The agent's last message, once the run completed" }),
}).meta({ id: 'RunDetail' });
export type RunDetail = z.infer<typeof RunDetail>;

export const RunPage = pageOf(Run).meta({ id: 'RunPage' });

export const ListRunsQuery = z.strictObject({
  status: RunStatus.optional(),
  agent: AgentName.optional(),
  conversationId: ConversationId.optional(),
  requester: z.string().min(1).max(200).optional().meta({ description: 'Principal the run acts for' }),
  label: z
    .string()
    .regex(/^[a-z0-9][a-z0-9._-]{0,62}=.{0,200}$/)
    .optional()
    .meta({ description: 'name=value', example: 'team=platform' }),
  ...pageQuery,
});
export type ListRunsQuery = z.infer<typeof ListRunsQuery>;

export const RunParams = z.strictObject({ runId: RunIdField });

/** Why a run is cancelled, if one wants to say. */
export const CancelRun = z
  .strictObject({
    reason: spokenText(4_000).optional().meta({ description: 'Kept with the run', example: 'Started by mistake.' }),
  })
  .meta({ id: 'CancelRun' });
export type CancelRun = z.infer<typeof CancelRun>;

export const CancelledRun = RunDetail.extend({
  cancelled: z.boolean().meta({
    description: 'True when the run is cancelled or being cancelled; false when it had ended otherwise before',
  }),
}).meta({ id: 'CancelledRun' });
export type CancelledRun = z.infer<typeof CancelledRun>;

/** A file of the run's workspace, with the proof of what it was. */
export const Artifact = Receipt.extend({ links: z.object({ self: z.string() }) }).meta({ id: 'Artifact' });
export type Artifact = z.infer<typeof Artifact>;

export const ArtifactList = z.object({ data: z.array(Artifact) }).meta({ id: 'ArtifactList' });
