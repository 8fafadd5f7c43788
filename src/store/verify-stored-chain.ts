import type { Scope } from '../domain/schemas/names.ts';
import { chainHash, genesisHash } from './chain.ts';
import type { ChainCheck, ChainHead } from './chain.ts';
import { execute } from './database.ts';
import type { Store } from './database.ts';
import { storedEvent } from './events.ts';

const READ = {
  name: 'read_raw_events_1',
  text: `SELECT e.seq, e.at, e.ordinal, e.run_id, e.origin, e.type, e.prev_hash, e.hash, e.body FROM run_events e
    WHERE e.root_run_id = $1 AND e.seq > $2 ORDER BY e.seq LIMIT 500`,
};

const HEAD = {
  name: 'read_stream_head_1',
  text: 'SELECT seq, head_hash FROM streams WHERE root_run_id = $3 AND tenant = $1 AND project = $2',
};

interface RawEvent {
  readonly seq: number;
  readonly at: number;
  readonly ordinal: number;
  readonly run_id: string;
  readonly origin: string;
  readonly type: string;
  readonly prev_hash: Buffer;
  readonly hash: Buffer;
  readonly body: Buffer;
}

/** Checks every stored byte of a root run's log: links, hashes, extracted columns and the head. Undefined: no such run. */
export async function verifyStoredChain(
  store: Store,
  scope: Scope,
  rootRunId: string,
): Promise<ChainCheck | undefined> {
  const [stream] = (await execute(store, HEAD, [scope.tenant, scope.project, rootRunId])) as {
    seq: number;
    head_hash: Buffer;
  }[];
  if (stream === undefined) return undefined;
  let head: ChainHead = { seq: 0, hash: genesisHash(rootRunId) };
  for (;;) {
    const rows = (await execute(store, READ, [rootRunId, head.seq])) as RawEvent[];
    for (const row of rows) {
      const problem = problemOf(rootRunId, head, row);
      if (problem !== undefined) return { ok: false, seq: row.seq, problem };
      head = { seq: row.seq, hash: row.hash.toString('hex') };
    }
    // Events may be appended meanwhile: the head read before must be among those passed.
    if (rows.length === 0) break;
  }
  if (head.seq < stream.seq) return { ok: false, seq: head.seq + 1, problem: 'missing' };
  if (head.seq === stream.seq && head.hash !== stream.head_hash.toString('hex')) {
    return { ok: false, seq: head.seq, problem: 'not the hash that the head of the stream names' };
  }
  return { ok: true, head };
}

function problemOf(rootRunId: string, head: ChainHead, row: RawEvent): string | undefined {
  if (row.seq !== head.seq + 1) return `event ${row.seq} follows ${head.seq}`;
  if (row.prev_hash.toString('hex') !== head.hash) return 'not linked to the event before it';
  if (chainHash(head.hash, row.seq, row.body) !== row.hash.toString('hex')) return 'content does not match its hash';
  let event;
  try {
    event = storedEvent(rootRunId, row);
  } catch {
    return 'content is not an event of this run';
  }
  const extracted =
    row.run_id === event.runId &&
    row.origin === event.origin &&
    row.ordinal === event.ordinal &&
    row.type === event.type &&
    row.at === event.at;
  return extracted ? undefined : 'columns do not match the content';
}
