/** What workers of other task queues and the API say to each other: docs/reference/tool-workers.md. */
import { z } from 'zod';
import { RunId, ToolCallId, ToolName } from '../domain/schemas/names.ts';
import { ToolTaskId } from '../domain/schemas/tool-task.ts';
import { Json, Timestamp, spokenText } from './fields.ts';

/** The model hears no more of what a tool says of its failure. */
const MESSAGE_MAX_CHARACTERS = 4_000;

const Claimant = z
  .string()
  .regex(/^[A-Za-z0-9_-]{16,100}$/)
  .meta({
    description: 'A name that one execution of the activity makes up for itself, at random, and keeps',
    example: '0f8fad5bd9cb469fa16570867728950e',
  });

export const ToolTaskParams = z.strictObject({ taskId: ToolTaskId });

export const ClaimTask = z.strictObject({ claimant: Claimant }).meta({
  id: 'ClaimTask',
  examples: [{ claimant: '0f8fad5bd9cb469fa16570867728950e' }],
});
export type ClaimTask = z.infer<typeof ClaimTask>;

/** A call that is the claimant's to carry out. */
export const ClaimedTask = z
  .object({
    taskId: ToolTaskId,
    runId: RunId,
    toolCallId: ToolCallId,
    tool: ToolName,
    effectKey: z.string().meta({ description: 'The same for every attempt at this call: its idempotency key' }),
    arguments: z.string().meta({
      description: 'JSON text, as it was approved. The permit names the SHA-256 of its UTF-8 bytes',
      example: '{"amount":5,"order":"A-7"}',
    }),
    expiresAt: Timestamp.meta({ description: 'By then it must be over' }),
    permit: z.string().meta({ description: 'A JWS (EdDSA, compact): check it before anything else' }),
  })
  .meta({ id: 'ClaimedTask' });
export type ClaimedTask = z.infer<typeof ClaimedTask>;

/** How it ended. */
export const ReportTask = z
  .strictObject({
    claimant: Claimant,
    outcome: z.discriminatedUnion('type', [
      z.strictObject({ type: z.literal('completed'), result: Json }),
      z.strictObject({
        type: z.literal('failed'),
        code: z
          .string()
          .regex(/^[a-z][a-z0-9_]{0,62}$/)
          .meta({ example: 'account_closed' }),
        message: spokenText(MESSAGE_MAX_CHARACTERS).meta({ description: 'Shown to the model and to people' }),
      }),
    ]),
  })
  .meta({
    id: 'ReportTask',
    examples: [
      { claimant: '0f8fad5bd9cb469fa16570867728950e', outcome: { type: 'completed', result: { receipt: 'R-1' } } },
    ],
  });
export type ReportTask = z.infer<typeof ReportTask>;

export const ReportedTask = z
  .object({
    taskId: ToolTaskId,
    outcome: z.enum(['completed', 'failed']).meta({ description: 'The first report stands' }),
  })
  .meta({ id: 'ReportedTask' });
export type ReportedTask = z.infer<typeof ReportedTask>;
