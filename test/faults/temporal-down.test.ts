/** Temporal goes away and comes back; the processes stay. */
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectLazily } from '../../src/gateway/connection.ts';
import { loadConfig } from '../../src/platform/config.ts';
import { quietProgress } from '../../src/platform/progress.ts';
import { freePort } from '../../src/platform/services/free-port.ts';
import { startTemporal } from '../../src/platform/services/temporal.ts';
import type { TemporalService } from '../../src/platform/services/temporal.ts';
import { cacheDirectory } from '../../src/platform/state-directory.ts';
import { verifyStoredChain } from '../../src/store/verify-stored-chain.ts';
import { createInstallation } from '../support/installation.ts';
import type { Installation } from '../support/installation.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { untilEnded } from '../support/until-ended.ts';
import { waitFor } from '../support/wait-for.ts';

// A server of this file's own, since it is killed.
const directory = temporaryDirectory();
let temporal: TemporalService;
let port: number;
let installation: Installation;

const start = () =>
  startTemporal({
    directory,
    port,
    cacheDirectory: cacheDirectory(),
    cliPath: loadConfig().temporal.cliPath,
    ui: false,
    progress: quietProgress(),
    logFile: join(directory, 'temporal.log'),
  });

beforeAll(async () => {
  port = await freePort();
  temporal = await start();
  installation = await createInstallation({ temporalAddress: temporal.address });
});
afterAll(async () => {
  await installation[Symbol.asyncDispose]();
  await temporal.stop();
  rmSync(directory, { recursive: true, force: true });
});

interface Refused {
  readonly code: string;
  readonly runId?: string;
}

test(
  'writes answer 503 and reads go on; when it is back everything does, by itself',
  { timeout: 90_000 },
  async ({ annotate }) => {
    const [api, worker] = await Promise.all([installation.startApi(), installation.startWorker()]);
    const anna = await installation.person('anna', api);
    const [parked, working, refused] = [installation.outside(), installation.outside('after'), installation.outside()];
    const run = await anna.startRun({ agent: 'sender', input: parked.input });
    const busyRun = await anna.startRun({ agent: 'sender', input: working.input });
    const [approval, busyApproval] = await Promise.all([run.pending(), busyRun.pending()]);
    await busyRun.decide(busyApproval, 'approve');
    await waitFor('the tool to be entered', () => working.effects().length === 1);

    process.kill(temporal.pid ?? 0, 'SIGKILL');
    await temporal.exited;

    const startAgain = () =>
      anna.request<Refused>('POST', '/v1/runs', {
        headers: { 'idempotency-key': 'while-it-is-down' },
        body: { agent: 'sender', input: refused.input },
      });
    const decide = () => run.decide(approval, 'approve');
    const startedMs = performance.now();
    const [firstStart, decision] = await Promise.all([startAgain(), decide()]);
    await annotate(`503 after ${Math.round(performance.now() - startedMs)} ms`);
    // The tool is done by now, and its worker has nobody to tell.
    working.openGate();
    for (const answer of [firstStart, decision, await startAgain()]) {
      expect(answer).toMatchObject({ status: 503, body: { code: 'temporal_unavailable' } });
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    }
    const { runId } = firstStart.body;
    expect(await anna.request('GET', '/v1/runs')).toMatchObject({ status: 200 });
    await waitFor('reads that say how old they are', async () => {
      const { status, headers } = await anna.request('GET', `/v1/runs/${run.runId}`);
      return status === 200 && Number(headers.get('countersign-data-age') ?? 0) > 0;
    });
    const block = () =>
      anna.request('POST', `/v1/runs/${run.runId}/block`, {
        headers: { 'idempotency-key': 'block-while-it-is-down' },
        body: { reason: 'The customer has called.' },
      });
    expect(await block()).toMatchObject({ status: 503, body: { code: 'temporal_unavailable' } });
    expect(await run.get()).toMatchObject({ status: 'suspended' });
    expect((await run.approvals()).map(({ status }) => status)).toEqual(['pending']);
    expect(await anna.request('GET', '/livez')).toMatchObject({ status: 200 });
    expect(await anna.request('GET', '/readyz')).toMatchObject({
      status: 503,
      body: { checks: { store: 'ok', temporal: 'unavailable' } },
    });

    temporal = await start();
    const backMs = performance.now();
    const restarted = await waitFor('a start to be accepted', async () => {
      const answer = await startAgain();
      return answer.status !== 503 && answer;
    });
    await annotate(`accepted again ${Math.round(performance.now() - backMs)} ms after it was back`);
    expect(restarted).toMatchObject({ status: 200, body: { runId } });
    const lateRun = anna.run(restarted.body.runId ?? '');
    expect(await lateRun.decide(await lateRun.pending(), 'approve')).toMatchObject({ status: 200 });
    expect(await decide()).toMatchObject({ status: 200, body: { outcome: 'recorded' } });
    for (const [one, outside] of [
      [run, parked],
      [busyRun, working],
      [lateRun, refused],
    ] as const) {
      expect(await untilEnded(one)).toMatchObject({ status: 'completed', output: 'Sent.' });
      expect(outside.effects()).toHaveLength(1);
      expect(await verifyStoredChain(installation.store, installation.scope, one.runId)).toMatchObject({ ok: true });
    }
    expect(await anna.request('GET', '/readyz')).toMatchObject({ status: 200 });
    expect((await anna.request('GET', '/v1/runs')).headers.get('countersign-data-age')).toBeNull();
    expect([api.isRunning(), worker.isRunning()]).toEqual([true, true]);
  },
);

test('a connection that is closed while it tries again ends its calls, and breaks nothing', async () => {
  const called = Promise.withResolvers<void>();
  await using server = createServer((socket) => {
    socket.destroy();
    called.resolve();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const connection = connectLazily({ address: `127.0.0.1:${(server.address() as AddressInfo).port}` });
  const calls = [1, 2, 3].map(() => connection.workflowService.getSystemInfo({}));
  await called.promise;
  await connection.close();
  for (const outcome of await Promise.allSettled(calls)) expect(outcome.status).toBe('rejected');
});
