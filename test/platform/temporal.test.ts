import { join } from 'node:path';
import { Connection } from '@temporalio/client';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { loadConfig } from '../../src/platform/config.ts';
import { quietProgress } from '../../src/platform/progress.ts';
import { freePort } from '../../src/platform/services/free-port.ts';
import { startTemporal } from '../../src/platform/services/temporal.ts';
import { cacheDirectory } from '../../src/platform/state-directory.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const keyword = 2;
const stops: (() => Promise<void>)[] = [];
afterAll(() => Promise.all(stops.map((stop) => stop())));

const directory = temporaryDirectory();
const options = {
  directory,
  cacheDirectory: cacheDirectory(),
  cliPath: loadConfig().temporal.cliPath,
  ui: true,
  progress: quietProgress(),
  logFile: join(directory, 'temporal.log'),
};

async function start() {
  const server = await startTemporal(options);
  stops.push(server.stop);
  return server;
}

let server: Awaited<ReturnType<typeof start>>;
beforeAll(async () => {
  server = await start();
});

test('it answers with our search attributes registered, and shows its UI', async () => {
  const connection = await Connection.connect({ address: server.address });
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace: 'default' });
  expect(customAttributes).toMatchObject({
    CountersignTenant: keyword,
    CountersignProject: keyword,
    CountersignAgent: keyword,
    CountersignStatus: keyword,
  });
  await connection.close();
  expect((await fetch(server.uiUrl ?? '')).status).toBe(200);
});

test('a second server on the same directory is refused with the pid of the first', async () => {
  await expect(startTemporal(options)).rejects.toThrow(`already running for process ${process.pid}`);
});

test('kill -9 leaves a database that the next server goes on with', async () => {
  const namespace = `kept-${process.pid}`;
  const before = await Connection.connect({ address: server.address });
  await before.workflowService.registerNamespace({
    namespace,
    workflowExecutionRetentionPeriod: { seconds: 86_400 as never },
  });
  await before.close();

  process.kill(server.pid ?? 0, 'SIGKILL');
  await server.exited;
  server = await start();

  const after = await Connection.connect({ address: server.address });
  await expect(after.workflowService.describeNamespace({ namespace })).resolves.toMatchObject({
    namespaceInfo: { name: namespace },
  });
  await after.close();
});

test('a configured server wins and nothing is started; one that does not answer is named', async () => {
  const existing = await startTemporal({ ...options, endpoint: { address: inject('temporalAddress') } });
  expect(existing).toMatchObject({ address: inject('temporalAddress'), namespace: 'default' });
  expect(existing.pid).toBeUndefined();

  const nobody = `127.0.0.1:${await freePort()}`;
  await expect(startTemporal({ ...options, endpoint: { address: nobody } })).rejects.toThrow(
    `Temporal at ${nobody} (TEMPORAL_ADDRESS)`,
  );
  await expect(
    startTemporal({ ...options, endpoint: { address: inject('temporalAddress') }, namespace: 'none' }),
  ).rejects.toThrow('no namespace none');
});
