/** PostgreSQL goes away and comes back; the processes stay, and runs go on where they were. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { quietProgress } from '../../src/platform/progress.ts';
import { freePort } from '../../src/platform/services/free-port.ts';
import { startPostgres } from '../../src/platform/services/postgres.ts';
import type { PostgresService } from '../../src/platform/services/postgres.ts';
import { verifyChain } from '../../src/store/chain.ts';
import { readEvents } from '../../src/store/events.ts';
import { readEventStream } from '../support/event-reader.ts';
import { createInstallation } from '../support/installation.ts';
import type { Installation } from '../support/installation.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { untilEnded } from '../support/until-ended.ts';
import { waitFor } from '../support/wait-for.ts';

// A server of this file's own, since it is killed.
const directory = temporaryDirectory();
let postgres: PostgresService;
let port: number;
let installation: Installation;

const start = () =>
  startPostgres({ directory, port, progress: quietProgress(), logFile: join(directory, 'postgres.log') });

beforeAll(async () => {
  port = await freePort();
  postgres = await start();
  installation = await createInstallation({ databaseUrl: postgres.url });
});
afterAll(async () => {
  await installation[Symbol.asyncDispose]();
  await postgres.stop();
  rmSync(directory, { recursive: true, force: true });
});

test(
  'requests answer 503, nobody dies, and runs under way complete with a whole chain',
  { timeout: 90_000 },
  async ({ annotate }) => {
    const [api, worker] = await Promise.all([installation.startApi(), installation.startWorker()]);
    const anna = await installation.person('anna', api);
    const outsides = {
      parked: installation.outside(),
      sending: installation.outside('after'),
      thinking: installation.outside(),
      expiring: installation.outside(),
    };
    const startOf = (agent: string, { input }: { readonly input: string }) => anna.startRun({ agent, input });
    const [parked, sending, thinking, expiring] = await Promise.all([
      startOf('sender', outsides.parked),
      startOf('sender', outsides.sending),
      startOf('thinker', outsides.thinking),
      startOf('hasty', outsides.expiring),
    ]);
    await sending.decide(await sending.pending(), 'approve');
    const [approval, { decideBy }] = await Promise.all([parked.pending(), expiring.pending()]);
    await waitFor('the tool to be entered', () => outsides.sending.effects().length === 1);
    await waitFor('the model to be asked', () => outsides.thinking.entries().length === 1);
    const stream = await readEventStream({ url: api.url, key: anna.key, runId: parked.runId });
    await waitFor('the stream to have caught up', () => stream.seen.some(({ type }) => type === 'run.suspended'));

    process.kill(postgres.pid ?? 0, 'SIGKILL');
    await postgres.exited;
    // Model and tool are done now, with nowhere to put what they have; and time goes on.
    outsides.sending.openGate();
    outsides.thinking.openGate();

    const path = `/v1/runs/${parked.runId}`;
    const decide = () => parked.decide(approval, 'approve');
    const startAgain = () =>
      anna.request<{ runId: string }>('POST', '/v1/runs', {
        headers: { 'idempotency-key': 'while-it-is-down' },
        body: { agent: 'sender', input: outsides.parked.input },
      });
    const startedMs = performance.now();
    const answers = await Promise.all([
      anna.request('GET', path),
      anna.request('GET', '/v1/approvals'),
      anna.request('GET', `${path}/events`),
      anna.request('POST', `${path}/cancel`, { body: {} }),
      startAgain(),
      decide(),
    ]);
    await annotate(`503 after ${Math.round(performance.now() - startedMs)} ms`);
    for (const answer of answers) {
      expect(answer).toMatchObject({ status: 503, body: { code: 'store_unavailable' } });
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    }
    expect(await anna.request('GET', '/livez')).toMatchObject({ status: 200 });
    expect(await anna.request('GET', '/readyz')).toMatchObject({
      status: 503,
      body: { checks: { store: 'unavailable', temporal: 'ok' } },
    });
    // A replica that starts only now stays, too.
    const newcomer = await installation.startApi();
    expect(await anna.request('GET', `${newcomer.url}/readyz`)).toMatchObject({ status: 503 });
    await waitFor('the approval to expire during the outage', () => Date.now() > Date.parse(decideBy));
    expect([api.isRunning(), worker.isRunning()]).toEqual([true, true]);

    postgres = await start();
    for (const { url } of [api, newcomer])
      await waitFor('the API to be ready', async () => (await anna.request('GET', `${url}/readyz`)).status === 200);
    expect(await decide()).toMatchObject({ status: 200, body: { outcome: 'recorded' } });
    for (const [run, output, effects] of [
      [parked, 'Sent.', outsides.parked.effects],
      [sending, 'Sent.', outsides.sending.effects],
      [thinking, 'Thought.', () => [null]],
      [expiring, 'Sent.', () => [...outsides.expiring.effects(), null]],
    ] as const) {
      expect(await untilEnded(run)).toMatchObject({ status: 'completed', output });
      expect(effects()).toHaveLength(1);
      const events = await readEvents(installation.store, installation.scope, run.runId, { after: 0, limit: 500 });
      expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
      const { eventSeq: seq, headHash: hash } = await run.get();
      expect(verifyChain(run.runId, events)).toEqual({ ok: true, head: { seq, hash } });
    }
    expect((await expiring.approvals()).map(({ status }) => status)).toEqual(['expired']);
    // The reader sat it out: it was told everything, once.
    await stream.ended;
    expect(stream.seqs()).toEqual((await parked.events()).map(({ seq }) => seq));
    expect(stream.seen.at(-1)).toMatchObject({ type: 'stream.end', data: { status: 'completed' } });
    expect(await startAgain()).toMatchObject({ status: 201 });
    expect([api.isRunning(), worker.isRunning()]).toEqual([true, true]);
  },
);
