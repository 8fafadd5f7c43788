/** What a one-approval run leaves behind: on PostgreSQL's disk, indexes included, and in Temporal's history. */
import type { Client } from '@temporalio/client';
import type { Ours } from '../ours/open-ours.ts';
import { say } from '../progress.ts';
import { completeOne } from '../subject.ts';
import { readHistory } from './history.ts';
import { completeMany } from './throughput.ts';

export interface StoredBytes {
  readonly postgresBytesPerRun: number;
  readonly historyBytesPerRun: number;
  readonly historyEventsPerRun: number;
  /** Round trips of bridge and worker to PostgreSQL. */
  readonly statementsPerRun: number;
}

const CLIENTS = 8;
const RUNS = 40;

const sizeOfTables = async ({ world }: Ours): Promise<number> => {
  const { rows } = await world.store.pool.query<{ bytes: string }>(
    `SELECT sum(pg_total_relation_size(c.oid)) AS bytes
       FROM pg_class c WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace`,
  );
  return Number(rows[0]?.bytes);
};

const countStatements = async ({ world }: Ours, work: () => Promise<void>): Promise<number> => {
  const { pool } = world.store;
  const { query } = pool;
  let statements = 0;
  pool.query = ((...given: unknown[]) => {
    statements += 1;
    return Reflect.apply(query, pool, given) as unknown;
  }) as typeof query;
  await work();
  pool.query = query;
  return statements;
};

export const measureStoredBytes = async (client: Client, ours: Ours): Promise<StoredBytes> => {
  say(`e     ${RUNS} runs, for what they leave behind`);
  const before = await sizeOfTables(ours);
  const statements = await countStatements(ours, () => completeMany(CLIENTS, RUNS, () => completeOne(ours)));
  const postgresBytesPerRun = ((await sizeOfTables(ours)) - before) / RUNS;
  const run = await ours.start(1);
  await run.pending(1);
  await run.approve();
  await run.ended;
  const { whole } = await readHistory(client, ours.workflowIdOf(run.runId));
  return {
    postgresBytesPerRun,
    historyBytesPerRun: whole.bytes,
    historyEventsPerRun: whole.events,
    statementsPerRun: statements / RUNS,
  };
};
