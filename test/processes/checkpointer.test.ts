import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import type { CheckpointSink } from '../../src/adapters/sinks/checkpoint-sink.ts';
import { readCheckpoint } from '../../src/domain/evidence/checkpoint.ts';
import type { Checkpoint } from '../../src/domain/evidence/checkpoint.ts';
import { Marks } from '../../src/domain/evidence/marks.ts';
import { Findings } from '../../src/domain/evidence/report.ts';
import { runIdFromBytes } from '../../src/domain/core/ids.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { createSigningKeys, trustedKeys } from '../../src/platform/signing-keys.ts';
import type { SigningKeys } from '../../src/platform/signing-keys.ts';
import { verifySignature } from '../../src/platform/verify-signature.ts';
import { startCheckpointer } from '../../src/processes/checkpointer.ts';
import { createCheckpointSigner } from '../../src/processes/sign-checkpoint.ts';
import { startProcess } from '../../src/testing/server-process.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { loadSigningKeys } from '../../src/platform/signing-keys.ts';
import { freePort } from '../../src/platform/services/free-port.ts';
import { appendAudit, auditHead } from '../../src/store/audit-events.ts';
import { openStore } from '../../src/store/database.ts';
import type { Store } from '../../src/store/database.ts';
import { createTestDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';
import { waitFor } from '../support/wait-for.ts';

let database: TestDatabase;
let keys: SigningKeys;
beforeAll(async () => {
  database = await createTestDatabase();
  keys = await createSigningKeys(Date.now());
});
afterAll(() => database.drop());

interface Replica {
  readonly store: Store;
  readonly written: string[];
  readonly logLines: string[];
  isDown: boolean;
  stop(): Promise<void>;
}

/** One of several that share a database. */
const replica = async (everyMs = 20): Promise<Replica> => {
  const store = openStore({ url: database.url, maxConnections: 3 });
  const written: string[] = [];
  const logLines: string[] = [];
  const sink: CheckpointSink = {
    name: 'memory',
    write: async (checkpoint) => {
      if (state.isDown) throw new Error('down');
      written.push(checkpoint);
    },
  };
  const checkpointer = startCheckpointer({
    store,
    sinks: [sink],
    sign: await createCheckpointSigner(keys),
    clock: systemClock,
    logger: pino({ level: 'debug' }, { write: (line: string) => void logLines.push(line) }),
    everyMs,
  });
  const state: Replica = {
    store,
    written,
    logLines,
    isDown: false,
    async stop() {
      await checkpointer.stop();
      await store.close();
    },
  };
  return state;
};

const read = (jws: string): Checkpoint => {
  const faults = new Findings();
  const trust = { ...trustedKeys(keys), verify: verifySignature };
  const found = readCheckpoint(jws, 1, { trust, marks: new Marks(), faults });
  if (!found) throw new Error(JSON.stringify(faults.list()));
  return found;
};

const touch = async (
  store: Store,
  tenant: string,
  seq = 1,
): Promise<{ rootRunId: string; seq: number; hash: string }> => {
  const rootRunId = runIdFromBytes(randomBytes(17));
  const hash = randomBytes(32);
  await store.pool.query(
    'INSERT INTO streams (root_run_id, tenant, project, seq, head_hash, touched_at) VALUES ($1, $2, $3, $4, $5, $6)',
    [rootRunId, tenant, 'web', seq, hash, Date.now()],
  );
  return { rootRunId, seq, hash: hash.toString('hex') };
};

const tenantOf = (): string => `t${randomBytes(6).toString('hex')}`;

test('tells signed heads of the tenant and of runs that were touched, each once', async () => {
  const one = await replica();
  const tenant = tenantOf();
  await appendAudit(one.store, tenant, [{ type: 'brake.set', at: Date.now(), data: {} }]);
  const run = await touch(one.store, tenant);
  const ofTenant = () => one.written.map(read).filter((checkpoint) => checkpoint.tenant === tenant);
  await waitFor('a checkpoint', () => ofTenant().length > 3 && ofTenant().some(({ runs }) => runs.length > 0));
  expect(ofTenant().flatMap(({ runs }) => runs)).toEqual([run]);
  expect(ofTenant().at(-1)?.audit).toEqual(await auditHead(one.store, tenant));
  await one.stop();
});

test('only one replica tells; when it is gone another goes on, and forgets nothing', async () => {
  const one = await replica();
  const tenant = tenantOf();
  await appendAudit(one.store, tenant, [{ type: 'brake.set', at: Date.now(), data: {} }]);
  await waitFor('a checkpoint', () => one.written.length > 0);
  const two = await replica();
  const before = one.written.length;
  await waitFor('a checkpoint', () => one.written.length > before + 5);
  expect(two.written).toEqual([]);
  const run = await touch(one.store, tenant);
  await one.stop();
  await waitFor('a checkpoint', () =>
    two.written.map(read).some(({ runs }) => runs.some(({ hash }) => hash === run.hash)),
  );
  await two.stop();
});

test('a replica whose connection is cut lets another take over', async () => {
  const one = await replica();
  await appendAudit(one.store, tenantOf(), [{ type: 'brake.set', at: Date.now(), data: {} }]);
  await waitFor('a checkpoint', () => one.written.length > 0);
  const two = await replica();
  const admin = openStore({ url: database.url, maxConnections: 1, applicationName: 'admin' });
  await admin.pool.query(
    `SELECT pg_terminate_backend(l.pid) FROM pg_locks l JOIN pg_database d ON d.oid = l.database
      WHERE l.locktype = 'advisory' AND d.datname = current_database()`,
  );
  const [was, other] = [one.written.length, two.written.length];
  await waitFor('a checkpoint', () => one.written.length > was + 1 || two.written.length > other + 1);
  expect([...one.written, ...two.written].map(read).length).toBeGreaterThan(was + other);
  await Promise.all([one.stop(), two.stop()]);
  await admin.close();
});

test('what a sink did not take is told again once it does', async () => {
  const one = await replica();
  const tenant = tenantOf();
  await appendAudit(one.store, tenant, [{ type: 'brake.set', at: Date.now(), data: {} }]);
  await waitFor('a checkpoint', () => one.written.length > 0);
  one.isDown = true;
  const run = await touch(one.store, tenant);
  const failures = () => one.logLines.filter((line) => line.includes('checkpoint.write_failed')).length;
  await waitFor('failures', () => failures() > 2);
  const told = () => one.written.map(read).flatMap(({ runs }) => runs);
  expect(told()).not.toContainEqual(run);
  one.isDown = false;
  await waitFor('a checkpoint', () => told().some(({ hash }) => hash === run.hash));
  expect(told()).toContainEqual(run);
  await one.stop();
});

test('tells a last time when it stops, however long it would have waited', async () => {
  const one = await replica(3_600_000);
  const tenant = tenantOf();
  await appendAudit(one.store, tenant, [{ type: 'brake.set', at: Date.now(), data: {} }]);
  const run = await touch(one.store, tenant);
  await one.stop();
  expect(one.written.map(read).flatMap(({ runs }) => runs)).toContainEqual(run);
});

test('a large number of runs comes as several checkpoints', async () => {
  const one = openStore({ url: database.url, maxConnections: 2 });
  const tenant = tenantOf();
  await appendAudit(one, tenant, [{ type: 'brake.set', at: Date.now(), data: {} }]);
  await one.pool.query(
    `INSERT INTO streams (root_run_id, tenant, project, seq, head_hash, touched_at)
     SELECT 'run_' || translate(lpad(n::text, 26, '0'), '0189', 'abcd'), $1, 'web', 1, sha256(n::text::bytea), $2
     FROM generate_series(1, 2500) n ON CONFLICT DO NOTHING`,
    [tenant, Date.now()],
  );
  const { rows } = await one.pool.query<{ count: number }>('SELECT count(*) FROM streams WHERE tenant = $1', [tenant]);
  await one.close();
  const two = await replica(3_600_000);
  await waitFor('a checkpoint', () => two.logLines.some((line) => line.includes(tenant)));
  const runs = two.written
    .map(read)
    .filter((checkpoint) => checkpoint.tenant === tenant)
    .map((checkpoint) => checkpoint.runs);
  expect(runs.length).toBeGreaterThan(2);
  expect(new Set(runs.flat().map(({ rootRunId }) => rootRunId)).size).toBe(rows[0]?.count);
  await two.stop();
});

test('the API process tells where it is configured to, at the latest when it stops', async () => {
  const directory = temporaryDirectory();
  const stateDirectory = join(directory, 'state');
  keys = await loadSigningKeys(stateDirectory, Date.now());
  const path = join(directory, 'checkpoints.jws');
  const api = await startProcess({
    program: 'src/processes/api.ts',
    environment: {
      DATABASE_URL: database.url,
      TEMPORAL_ADDRESS: inject('temporalAddress'),
      COUNTERSIGN_STATE_DIRECTORY: stateDirectory,
      COUNTERSIGN_API_PORT: String(await freePort()),
      COUNTERSIGN_CHECKPOINT_SINK: `file:${path}`,
    },
    logFile: join(directory, 'api.log'),
  });
  const store = openStore({ url: database.url, maxConnections: 1 });
  await waitFor('the first checkpoint', () => existsSync(path));
  const tenant = tenantOf();
  await appendAudit(store, tenant, [{ type: 'brake.set', at: Date.now(), data: {} }]);
  const run = await touch(store, tenant);
  await store.close();
  await api.stop();
  const told = readFileSync(path, 'utf8').trimEnd().split('\n').map(read);
  expect(told.filter((checkpoint) => checkpoint.tenant === tenant)).toMatchObject([{ audit: { seq: 1 }, runs: [run] }]);
});
