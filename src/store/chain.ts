/**
 * The hash chain over a root run's events: pure, and the same algorithm as `append_events` in SQL.
 * `hash = SHA-256(prevHash || seq as 8 bytes, big endian || body)`, where body is canonical JSON as UTF-8.
 */
import { canonicalBytes } from '../domain/arguments/canonical-json.ts';
import type { JsonValue } from '../domain/arguments/json-value.ts';
import { sha256Hex } from '../domain/core/digest.ts';
import type { StoredEvent } from '../domain/schemas/event.ts';

/** An event with its two links, as hex. */
export type ChainedEvent = StoredEvent & { readonly prevHash: string; readonly hash: string };

export interface ChainHead {
  readonly seq: number;
  readonly hash: string;
}

export type ChainCheck =
  | { readonly ok: true; readonly head: ChainHead }
  | { readonly ok: false; readonly seq: number; readonly problem: string };

/** What the first event of a root run is linked to. */
export const genesisHash = (rootRunId: string): string => sha256Hex(`countersign.chain/v1\n${rootRunId}`);

/** The bytes that are hashed and stored. */
export const eventBody = (rootRunId: string, event: Omit<StoredEvent, 'seq'>): Uint8Array => {
  const { runId, origin, ordinal, type, at, data } = event;
  return canonicalBytes({ v: 1, rootRunId, runId, origin, ordinal, type, at, data: data as JsonValue });
};

/** The link of one event, as hex. */
export function chainHash(prevHash: string, seq: number, body: Uint8Array): string {
  const bytes = new Uint8Array(40 + body.length);
  for (let index = 0; index < 32; index += 1) {
    bytes[index] = Number.parseInt(prevHash.slice(index * 2, index * 2 + 2), 16);
  }
  new DataView(bytes.buffer).setBigUint64(32, BigInt(seq));
  bytes.set(body, 40);
  return sha256Hex(bytes);
}

/** Checks that events follow each other without gaps and that each link holds, from the start or from a known head. */
export function verifyChain(rootRunId: string, events: Iterable<ChainedEvent>, from?: ChainHead): ChainCheck {
  let head: ChainHead = from ?? { seq: 0, hash: genesisHash(rootRunId) };
  for (const event of events) {
    const broken = (problem: string): ChainCheck => ({ ok: false, seq: event.seq, problem });
    if (event.seq !== head.seq + 1) return broken(`event ${event.seq} follows ${head.seq}`);
    if (event.prevHash !== head.hash) return broken('not linked to the event before it');
    if (chainHash(head.hash, event.seq, eventBody(rootRunId, event)) !== event.hash) {
      return broken('content does not match its hash');
    }
    head = { seq: event.seq, hash: event.hash };
  }
  return { ok: true, head };
}
