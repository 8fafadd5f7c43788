import type { Link } from '../domain/evidence/chain.ts';
import type { Scope } from '../domain/schemas/names.ts';
import { execute } from './database.ts';
import type { Store } from './database.ts';

/** A stored event with the bytes that were hashed, whatever they are: to be judged by who reads them. */
export interface StoredLink extends Link {
  readonly body: Buffer;
}

const READ = {
  name: 'read_chain_1',
  text: `SELECT e.seq, e.body, e.prev_hash, e.hash FROM run_events e
    WHERE e.root_run_id = $3 AND e.seq > $4 AND e.seq <= $5
      AND EXISTS (SELECT FROM streams s WHERE s.root_run_id = $3 AND s.tenant = $1 AND s.project = $2)
    ORDER BY e.seq LIMIT $6`,
};

/** Links of a root run's chain in order, up to a place that the reader knows of. */
export async function readChain(
  store: Store,
  scope: Scope,
  rootRunId: string,
  page: { readonly after: number; readonly upTo: number; readonly limit: number },
): Promise<StoredLink[]> {
  const { after, upTo, limit } = page;
  const rows = await execute(store, READ, [scope.tenant, scope.project, rootRunId, after, upTo, limit]);
  return (rows as LinkRow[]).map(storedLink);
}

const READ_AUDIT = {
  name: 'read_audit_chain_1',
  text: `SELECT seq, body, prev_hash, hash FROM audit_events
    WHERE tenant = $1 AND seq > $2 AND seq <= $3 ORDER BY seq LIMIT $4`,
};

/** Links of a tenant's own chain in order, up to a place that the reader knows of. */
export async function readAuditChain(
  store: Store,
  tenant: string,
  page: { readonly after: number; readonly upTo: number; readonly limit: number },
): Promise<StoredLink[]> {
  const rows = await execute(store, READ_AUDIT, [tenant, page.after, page.upTo, page.limit]);
  return (rows as LinkRow[]).map(storedLink);
}

interface LinkRow {
  readonly seq: number;
  readonly body: Buffer;
  readonly prev_hash: Buffer;
  readonly hash: Buffer;
}

const storedLink = (row: LinkRow): StoredLink => ({
  seq: row.seq,
  body: row.body,
  prevHash: row.prev_hash.toString('hex'),
  hash: row.hash.toString('hex'),
});
