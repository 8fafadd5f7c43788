/** What may be said to a run that is under way, beside decisions. */
import { z } from 'zod';
import { Resolution } from '../domain/schemas/command.ts';
import { Digest, ToolCallId } from '../domain/schemas/names.ts';
import { Json, bytesOf, spokenText } from './fields.ts';
import { GuardReports } from './guards.ts';
import { RunDetail } from './runs.ts';

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

const Reason = spokenText(4_000).meta({ description: 'Kept with the run', example: 'The customer has called.' });

/** Why a run is parked. */
export const BlockRun = z.strictObject({ reason: Reason }).meta({ id: 'BlockRun' });
export type BlockRun = z.infer<typeof BlockRun>;

/** What the model is told when a blocked run goes on. */
export const UnblockRun = z
  .strictObject({
    note: spokenText(4_000)
      .optional()
      .meta({ description: 'The model reads it', example: 'Use the sandbox account from here on.' }),
  })
  .meta({ id: 'UnblockRun' });
export type UnblockRun = z.infer<typeof UnblockRun>;

/** Longest message to a run, in characters. */
export const MESSAGE_MAX_CHARACTERS = 16_000;

/** Something for the model of a run to read. */
export const SendMessage = z
  .strictObject({
    text: spokenText(MESSAGE_MAX_CHARACTERS).meta({
      description: 'The model reads it at its next turn',
      example: 'Leave out the internal changes, please.',
    }),
  })
  .meta({ id: 'SendMessage' });
export type SendMessage = z.infer<typeof SendMessage>;

/** Largest result that a person may supply, as JSON in UTF-8. */
export const RESULT_MAX_BYTES = 65_536;

/** Says how a parked call goes on. */
export const ResolveCall = z
  .strictObject({
    toolCallId: ToolCallId.meta({ example: 'call_2_0' }),
    resolution: Resolution.meta({
      description: '`mark_done`: it took effect, with this result. `retry`: try again. `fail`: it is given up.',
    }),
    result: Json.optional().meta({ description: 'mark_done: what the tool would have returned' }),
    reason: Reason,
    epoch: z.number().int().nonnegative().optional().meta({ description: 'The attempt that the person was shown' }),
    digest: Digest.optional().meta({ description: 'Of the call that the person was shown' }),
  })
  .refine(({ resolution, result }) => (resolution === 'mark_done') === (result !== undefined), {
    path: ['result'],
    message: 'belongs to `mark_done`, and to nothing else',
  })
  .refine(({ result }) => result === undefined || bytesOf(result) <= RESULT_MAX_BYTES, {
    path: ['result'],
    message: `must be at most ${RESULT_MAX_BYTES} bytes`,
  })
  .meta({
    id: 'ResolveCall',
    examples: [
      {
        toolCallId: 'call_2_0',
        resolution: 'mark_done',
        result: { refund: 'R-17' },
        reason: 'The bank has booked it.',
        epoch: 1,
        digest: `sha256:${'0f'.repeat(32)}`,
      },
      { toolCallId: 'call_2_0', resolution: 'fail', reason: 'The bank has refused it.', epoch: 1 },
    ],
  });
export type ResolveCall = z.infer<typeof ResolveCall>;

/** The run after a command, and what became of it. */
export const CommandedRun = RunDetail.extend({
  commandId: z.string(),
  outcome: z.enum(['recorded', 'already_recorded', 'pending']).meta({
    description: '`pending`: in the mailbox of the run; no worker has answered in time',
  }),
  guards: GuardReports,
  warnings: z.array(z.object({ code: z.string(), detail: z.string() })).meta({ description: 'What to keep in mind' }),
}).meta({ id: 'CommandedRun' });
export type CommandedRun = z.infer<typeof CommandedRun>;
