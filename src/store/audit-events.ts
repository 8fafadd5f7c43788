/** A tenant's own log: what belongs to no run, and where each run's log begins and ends. Chained as run events are. */
import { z } from 'zod';
import { canonicalBytes } from '../domain/arguments/canonical-json.ts';
import type { JsonValue } from '../domain/arguments/json-value.ts';
import { auditGenesisHash } from '../domain/evidence/chain.ts';
import type { ChainHead, Link } from '../domain/evidence/chain.ts';
import { Actor } from '../domain/schemas/actor.ts';
import { execute } from './database.ts';
import type { Store } from './database.ts';
import { StoreCorruptionError } from './store-error.ts';

/** Ids, codes, digests and times; content stays with the thing itself. */
export interface NewAuditEvent {
  readonly type: string;
  readonly at: number;
  readonly actor?: Actor;
  readonly data: object;
}

/** `body`: the text that was hashed. */
export type AuditEvent = Link & {
  readonly type: string;
  readonly at: number;
  readonly actor?: Actor;
  readonly data: Readonly<Record<string, unknown>>;
  readonly body: string;
};

/** The bytes that are hashed and stored. */
export const auditBody = (tenant: string, { type, at, actor, data }: NewAuditEvent): Uint8Array =>
  canonicalBytes({ v: 1, tenant, type, at, ...(actor && { actor }), data } as unknown as JsonValue);

/** What `append_audit`, and the functions that change something and tell it, take of events. */
export const auditParameters = (tenant: string, events: readonly NewAuditEvent[]): readonly unknown[] => [
  events.map(({ type }) => type),
  events.map(({ at }) => at),
  events.map((event) => Buffer.from(auditBody(tenant, event))),
];

const APPEND = { name: 'append_audit_1', text: 'SELECT * FROM append_audit($1, $2, $3, $4)' };

/** Appends, in one statement; what several append at once comes one after the other. Answers the new head. */
export async function appendAudit(store: Store, tenant: string, events: readonly NewAuditEvent[]): Promise<ChainHead> {
  const values = [tenant, ...auditParameters(tenant, events)];
  const [row] = (await execute(store, APPEND, values)) as [{ head_seq: number; head: Buffer }];
  return { seq: row.head_seq, hash: row.head.toString('hex') };
}

const READ = {
  name: 'read_audit_1',
  text: `SELECT e.seq, e.prev_hash, e.hash, e.body FROM audit_events e
    WHERE e.tenant = $1 AND e.seq > $2 ORDER BY e.seq LIMIT $3`,
};

/** Events of a tenant after a place in its log, in order. */
export async function readAudit(
  store: Store,
  tenant: string,
  { after, limit }: { readonly after: number; readonly limit: number },
): Promise<AuditEvent[]> {
  const rows = await execute(store, READ, [tenant, after, limit]);
  return (rows as { seq: number; prev_hash: Buffer; hash: Buffer; body: Buffer }[]).map((row) => {
    const body = row.body.toString('utf8');
    return {
      ...parsedBody(tenant, row.seq, body),
      seq: row.seq,
      prevHash: row.prev_hash.toString('hex'),
      hash: row.hash.toString('hex'),
      body,
    };
  });
}

const StoredBody = z.object({
  v: z.literal(1),
  tenant: z.string(),
  type: z.string(),
  at: z.number(),
  actor: Actor.optional(),
  data: z.record(z.string(), z.unknown()),
});

function parsedBody(tenant: string, seq: number, body: string) {
  const parsed = StoredBody.safeParse(jsonOrUndefined(body)).data;
  if (parsed?.tenant !== tenant) throw new StoreCorruptionError(`Audit event ${seq} of ${tenant} is not readable.`);
  const { type, at, actor, data } = parsed;
  return { type, at, ...(actor && { actor }), data };
}

function jsonOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const HEAD = { name: 'read_audit_head_1', text: 'SELECT h.seq, h.head_hash FROM audit_heads h WHERE h.tenant = $1' };

/** Where a tenant's log ends now; of an empty one, its beginning. */
export async function auditHead(store: Store, tenant: string): Promise<ChainHead> {
  const [row] = (await execute(store, HEAD, [tenant])) as { seq: number; head_hash: Buffer }[];
  return row ? { seq: row.seq, hash: row.head_hash.toString('hex') } : { seq: 0, hash: auditGenesisHash(tenant) };
}
