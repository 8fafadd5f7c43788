/**
 * The hash chain over a root run's events, and over a tenant's audit log: pure, and the same algorithm as in SQL.
 * `hash = SHA-256(prevHash || seq as 8 bytes, big endian || body)`, where body is canonical JSON as UTF-8.
 */
import { canonicalBytes } from '../arguments/canonical-json.ts';
import type { JsonValue } from '../arguments/json-value.ts';
import { sha256Hex } from '../core/digest.ts';
import type { StoredEvent } from '../schemas/event.ts';

/** Where one event hangs: its place and its two hashes, as hex. */
export interface Link {
  readonly seq: number;
  readonly prevHash: string;
  readonly hash: string;
}

/** An event with its two links. */
export type ChainedEvent = StoredEvent & Link;

export interface ChainHead {
  readonly seq: number;
  readonly hash: string;
}

export type ChainCheck =
  | { readonly ok: true; readonly head: ChainHead }
  | { readonly ok: false; readonly seq: number; readonly problem: string };

/** What the first event of a root run is linked to. */
export const genesisHash = (rootRunId: string): string => sha256Hex(`countersign.chain/v1\n${rootRunId}`);

/** What the first event of a tenant's audit log is linked to. */
export const auditGenesisHash = (tenant: string): string => sha256Hex(`countersign.audit/v1\n${tenant}`);

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

/** What is wrong with the next link after a head; undefined where it holds. */
export function linkFault(head: ChainHead, link: Link, body: Uint8Array): string | undefined {
  if (link.seq !== head.seq + 1) return `event ${link.seq} follows ${head.seq}`;
  if (link.prevHash !== head.hash) return 'not linked to the event before it';
  return chainHash(head.hash, link.seq, body) === link.hash ? undefined : 'content does not match its hash';
}

/** Checks that events follow each other without gaps and that each link holds, from the start or from a known head. */
export function verifyChain(rootRunId: string, events: Iterable<ChainedEvent>, from?: ChainHead): ChainCheck {
  let head: ChainHead = from ?? { seq: 0, hash: genesisHash(rootRunId) };
  for (const event of events) {
    const problem = linkFault(head, event, eventBody(rootRunId, event));
    if (problem !== undefined) return { ok: false, seq: event.seq, problem };
    head = { seq: event.seq, hash: event.hash };
  }
  return { ok: true, head };
}
