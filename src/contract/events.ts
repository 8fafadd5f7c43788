import { z } from 'zod';
import { RunStatus } from '../domain/schemas/run.ts';
import { RunId } from '../domain/schemas/names.ts';
import { Json, Timestamp } from './fields.ts';
import { PAGE_LIMIT_MAX, pageOf, pageQuery } from './pagination.ts';

/** What an event refers to, fetched from the store. Each field is there only where the event has such content. */
export const EventContent = z
  .object({
    input: z.string().optional(),
    text: z.string().optional(),
    reasoning: z.string().optional().meta({ description: 'What the model thought, where its provider shows it' }),
    calls: z.array(z.object({ toolCallId: z.string(), tool: z.string(), arguments: Json.optional() })).optional(),
    arguments: Json.optional(),
    result: Json.optional(),
    reason: z.string().optional(),
    note: z.string().optional(),
    response: Json.optional(),
    state: Json.optional(),
    stateEdits: Json.optional(),
  })
  .meta({ id: 'EventContent' });
export type EventContent = z.infer<typeof EventContent>;

/** One durable event of a run. */
export const RunEventView = z
  .object({
    seq: z.number().int().positive().meta({ description: 'Number in the root run: gapless, starts at 1' }),
    runId: RunId,
    path: z.array(z.string()).meta({
      description: 'Agents from the root run to the one whose event it is',
      example: ['desk', 'cashier'],
    }),
    type: z.string().meta({ description: 'noun.action; more types may be added', example: 'approval.requested' }),
    at: Timestamp,
    data: z.record(z.string(), z.unknown()).meta({ description: 'Ids, digests, codes; never content' }),
    content: EventContent.optional(),
    hash: z.string().meta({ description: "This event's link of the hash chain, as hex" }),
  })
  .meta({ id: 'RunEvent' });
export type RunEventView = z.infer<typeof RunEventView>;

export const EventPage = pageOf(RunEventView).meta({ id: 'RunEventPage' });

const sequenceNumber = z
  .string()
  .regex(/^\d{1,16}$/)
  .transform(Number)
  .pipe(z.number().max(Number.MAX_SAFE_INTEGER));

export const ListEventsQuery = z.strictObject({
  after: sequenceNumber.optional().meta({
    description: 'Only events with a higher number. The header Last-Event-ID wins over it.',
    example: '0',
  }),
  limit: pageQuery.limit.meta({ description: `JSON only: events a page, 1 to ${PAGE_LIMIT_MAX}`, example: '100' }),
});

/** `Last-Event-ID` as EventSource sends it: empty means none. */
export const LastEventId = z.union([z.literal('').transform(() => undefined), sequenceNumber]);

/** A piece of the message the model is writing, or of what it thinks before: `reasoning.delta`, with offsets of its own. Has no `id:`: it is not durable. */
export const MessageDelta = z.object({
  runId: z.string(),
  turn: z.number(),
  attempt: z.number(),
  offset: z.number().meta({ description: 'Characters of this message before the piece' }),
  text: z.string(),
});
export type MessageDelta = z.infer<typeof MessageDelta>;

/** The open message so far, for a reader who joins or has missed a piece. Replaces what it had. */
export const MessageSnapshot = MessageDelta.omit({ offset: true });
export type MessageSnapshot = z.infer<typeof MessageSnapshot>;

/** Last thing on a stream: the run is over. */
export const StreamEnd = z.object({ status: RunStatus });
export type StreamEnd = z.infer<typeof StreamEnd>;

/** Why a stream ends before its time. More may be added. */
export const StreamClosedCode = z.enum([
  'shutting_down',
  'reader_too_slow',
  'store_unavailable',
  'access_ended',
  'internal_error',
]);
export type StreamClosedCode = z.infer<typeof StreamClosedCode>;

/** Last thing on a stream that this server ends before its time: come back with `Last-Event-ID`. */
export const StreamClosed = z.object({
  lastEventId: z.string(),
  code: z.string(),
  /** `access_ended`: the code of the problem that whoever comes back meets. */
  problem: z.string().optional(),
});
export type StreamClosed = z.infer<typeof StreamClosed>;

/** Everything that a reader of the stream can see. */
export type StreamItem =
  | { readonly event: 'event'; readonly id: number; readonly data: RunEventView }
  | { readonly event: 'message.delta'; readonly data: MessageDelta }
  | { readonly event: 'message.snapshot'; readonly data: MessageSnapshot }
  | { readonly event: 'reasoning.delta'; readonly data: MessageDelta }
  | { readonly event: 'reasoning.snapshot'; readonly data: MessageSnapshot }
  | { readonly event: 'stream.closed'; readonly data: StreamClosed }
  | { readonly event: 'stream.end'; readonly data: StreamEnd };
