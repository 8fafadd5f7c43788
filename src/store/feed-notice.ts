/**
 * The payloads of NOTIFY on one channel: "this run has events up to seq", a piece of an open message, "approvals of this
 * project have changed", or "this credential is not what it was".
 */
import { z } from 'zod';
import type { ChainedEvent } from './chain.ts';
import type { DeltaPart } from './deltas.ts';
import { storedEvent } from './events.ts';

export const FEED_CHANNEL = 'countersign_events';

/** PostgreSQL takes payloads of less than 8,000 bytes. */
const MAX_NOTICE_BYTES = 7_000;

const EventNotice = z.object({
  t: z.string(),
  p: z.string(),
  r: z.string(),
  s: z.number(),
  /** The link before the events carried. */
  h: z.string().optional(),
  /** The last events up to `s`, each with its link and its body in Base64. Absent where they are too long. */
  e: z.array(z.tuple([z.string(), z.string()])).optional(),
});
const DeltaNotice = z.object({
  t: z.string(),
  p: z.string(),
  r: z.string(),
  d: z.object({
    runId: z.string(),
    turn: z.number(),
    attempt: z.number(),
    /** Absent: `text`. */
    part: z.enum(['text', 'reasoning']).optional(),
    offset: z.number(),
    /** Absent where it is too long: the reader fetches it. */
    text: z.string().optional(),
  }),
});
/** Sent by the triggers on approvals and claims. */
const ApprovalsNotice = z.object({ t: z.string(), p: z.string(), a: z.literal(true) });
/** Id of a key or a session that was revoked, rotated or ended. */
const CredentialNotice = z.object({ c: z.string() });
const Notice = z.union([EventNotice, DeltaNotice, ApprovalsNotice, CredentialNotice]);
export type FeedNotice = z.infer<typeof Notice>;
export type EventNotice = z.infer<typeof EventNotice>;

/** What someone else sent on the channel is not ours: undefined. */
export function parseNotice(payload: string | undefined): FeedNotice | undefined {
  try {
    return Notice.safeParse(JSON.parse(payload ?? '')).data;
  } catch {
    return undefined;
  }
}

/** The events that a notification carries, in order, the last being `s`; undefined where they must be read. */
export function carriedEvents({ r, s, h, e }: EventNotice): ChainedEvent[] | undefined {
  if (h === undefined || e === undefined) return undefined;
  try {
    return e.map(([hash, body], index) => ({
      ...storedEvent(r, { seq: s - e.length + 1 + index, body: Buffer.from(body, 'base64') }),
      prevHash: e[index - 1]?.[0] ?? h,
      hash,
    }));
  } catch {
    // Whatever it is, the store has what counts.
    return undefined;
  }
}

export function deltaNotice(delta: {
  readonly tenant: string;
  readonly project: string;
  readonly rootRunId: string;
  readonly runId: string;
  readonly turn: number;
  readonly attempt: number;
  readonly part?: DeltaPart | undefined;
  readonly offset: number;
  readonly text: string;
}): string {
  const { tenant, project, rootRunId, runId, turn, attempt, part, offset, text } = delta;
  const kind = part === 'reasoning' ? { part } : {};
  const payload = (piece: { text?: string }) =>
    JSON.stringify({ t: tenant, p: project, r: rootRunId, d: { runId, turn, attempt, ...kind, offset, ...piece } });
  const whole = payload({ text });
  return Buffer.byteLength(whole) <= MAX_NOTICE_BYTES ? whole : payload({});
}
