// S1.18 S3.12: `countersign migrate`, `api`, `worker` and `doctor`, as whoever runs an installation starts them.
import { readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { freePort } from '../../src/platform/services/free-port.ts';
import { createDatabase, dropDatabase } from '../../src/platform/services/postgres-databases.ts';
import { createPerson } from '../../src/testing/person.ts';
import type { Person } from '../../src/testing/index.ts';
import { startProcess } from '../../src/testing/server-process.ts';
import type { ServerProcess } from '../../src/testing/server-process.ts';
import { cliWith } from '../cli/run-cli.ts';
import type { Cli } from '../cli/run-cli.ts';
import { createOutside } from '../support/outside.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { untilEnded } from '../support/until-ended.ts';
import { waitFor } from '../support/wait-for.ts';

const directory = temporaryDirectory();
const stateDirectory = join(directory, 'state');
const database = `processes_${process.pid}`;
let environment: Record<string, string>;
let cli: Cli;
let anna: Person;
let worker: ServerProcess;
const started: ServerProcess[] = [];

const start = async (name: 'api' | 'worker', more: Record<string, string> = {}): Promise<ServerProcess> => {
  const one = await startProcess({
    program: 'src/cli/main.ts',
    arguments: [name],
    environment: { ...environment, ...more },
    logFile: join(directory, `${name}.log`),
  });
  started.push(one);
  return one;
};

const doctor = async () => {
  const { code, json } = await cli('doctor', '--json');
  const { checks } = json() as { checks: { subject: string; status: string; detail: string; next?: string }[] };
  const of = (subject: string) => checks.filter((check) => check.subject === subject);
  return { code, of };
};

beforeAll(async () => {
  environment = {
    DATABASE_URL: await createDatabase(inject('postgresUrl'), database),
    TEMPORAL_ADDRESS: inject('temporalAddress'),
    COUNTERSIGN_TASK_QUEUE: database,
    COUNTERSIGN_STATE_DIRECTORY: stateDirectory,
    COUNTERSIGN_AGENTS: fileURLToPath(new URL('../support/agents/outside.ts', import.meta.url)),
    // A version takes a second to be known: upgrade.test.ts has them.
    COUNTERSIGN_WORKER_VERSIONING: 'off',
  };
  // Nobody is there yet: the port of the API is chosen when it starts.
  cli = cliWith({ ...environment, COUNTERSIGN_URL: 'http://127.0.0.1:9' });
});
afterAll(async () => {
  await Promise.all(started.map((one) => one.kill()));
  await dropDatabase(inject('postgresUrl'), database);
  rmSync(directory, { recursive: true, force: true });
});

test('S1.18 processes say all that they lack at once, and start nothing', { timeout: 120_000 }, async () => {
  const bare = cliWith({ COUNTERSIGN_API_PORT: 'x', COUNTERSIGN_WORKER_STEPS: 'many', TEMPORAL_API_KEY: 'hunter2' });
  const ended = await Promise.all(['api', 'worker', 'migrate'].map((name) => bare(name)));
  for (const { code, err } of ended) {
    expect(code).toBe(2);
    const named = ['COUNTERSIGN_API_PORT', 'COUNTERSIGN_WORKER_STEPS', 'DATABASE_URL', 'TEMPORAL_ADDRESS'];
    for (const variable of [...named, 'COUNTERSIGN_STATE_DIRECTORY']) expect(err).toContain(`- ${variable}`);
    expect(err).not.toContain('hunter2');
  }
});

test(
  'S1.18 doctor says what is missing; migrate mends it; api and worker then serve',
  { timeout: 120_000 },
  async () => {
    const before = await doctor();
    expect(before.code).toBe(1);
    expect(before.of('database')).toMatchObject([{ status: 'failed', next: 'Run `countersign migrate`.' }]);
    expect(before.of('state directory')).toMatchObject([{ status: 'failed' }]);
    expect(before.of('workers')).toMatchObject([{ status: 'failed' }]);
    expect(before.of('api')).toMatchObject([{ status: 'failed' }]);

    expect((await cli('migrate')).out).toContain('{"migrated":true,"firstKey":true,"searchAttributes":true}\n');
    expect((await cli('migrate')).out).toContain('{"migrated":true,"firstKey":false,"searchAttributes":true}\n');
    expect(statSync(join(stateDirectory, 'client.json')).mode & 0o777).toBe(0o600);

    const [api, firstWorker] = await Promise.all([
      start('api', { COUNTERSIGN_API_PORT: String(await freePort()) }),
      start('worker'),
    ]);
    worker = firstWorker;
    cli = cliWith({ ...environment, COUNTERSIGN_URL: String(api.ready['url']) });
    const { apiKey } = JSON.parse(readFileSync(join(stateDirectory, 'client.json'), 'utf8')) as { apiKey: string };
    anna = createPerson(String(api.ready['url']), apiKey);
    const after = await doctor();
    expect(after.of('workers')).toMatchObject([{ status: 'ok', detail: '1, unversioned' }]);
    expect([after.code, after.of('database')[0]?.status, after.of('api')[0]?.status]).toEqual([0, 'ok', 'ok']);
  },
);

test('S3.12 a worker that is asked to stop lets the tool under way finish', { timeout: 120_000 }, async () => {
  const outside = createOutside(directory, 'before');
  const run = await anna.startRun({ agent: 'sender', input: outside.input });
  await run.decide(await run.pending(), 'approve');
  await waitFor('the tool to be entered', () => outside.entries().length === 1);
  const stopping = worker.stop();
  const next = await start('worker');
  expect(worker.isRunning()).toBe(true);
  outside.openGate();
  await stopping;
  expect(await untilEnded(run)).toMatchObject({ status: 'completed', output: 'Sent.' });
  expect([outside.entries().length, outside.effects().length]).toEqual([1, 1]);
  await next.stop();
});

test(
  'S3.12 a drain that ends is no cancel: what may be repeated goes on elsewhere, what may not waits for a person',
  { timeout: 120_000 },
  async () => {
    const impatient = await start('worker', { COUNTERSIGN_WORKER_DRAIN_SECONDS: '1' });
    const cutOff = async (agent: string) => {
      const outside = createOutside(directory, 'before');
      const run = await anna.startRun({ agent, input: outside.input });
      await run.decide(await run.pending(), 'approve');
      await waitFor('the tool to be entered', () => outside.entries().length === 1);
      return { run, outside };
    };
    const [repeatable, once] = await Promise.all([cutOff('syncer'), cutOff('sender')]);
    await impatient.stop();
    await start('worker');
    for (const { outside } of [repeatable, once]) outside.openGate();
    expect(await untilEnded(repeatable.run)).toMatchObject({ status: 'completed', output: 'Synced.' });
    expect(repeatable.outside.effects()).toHaveLength(1);
    await waitFor('the other to be parked', async () => (await once.run.get()).status === 'needs_attention');
    expect(once.outside.effects()).toHaveLength(0);
  },
);
