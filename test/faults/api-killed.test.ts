/** `kill -9` of the API: what it had accepted is not lost, and any other replica goes on. */
import { connect } from 'node:net';
import { Client, Connection } from '@temporalio/client';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { runIdFromKey, workflowId } from '../../src/domain/core/ids.ts';
import { getRun } from '../../src/store/run-rows.ts';
import { createPerson } from '../../src/testing/person.ts';
import type { Person } from '../../src/testing/person.ts';
import { verifyStoredChain } from '../../src/store/verify-stored-chain.ts';
import { readEventStream } from '../support/event-reader.ts';
import { createInstallation } from '../support/installation.ts';
import type { ApiProcess, Installation } from '../support/installation.ts';
import type { ServerProcess } from '../../src/testing/server-process.ts';
import { untilEnded } from '../support/until-ended.ts';
import { waitFor } from '../support/wait-for.ts';

let installation: Installation;
let worker: ServerProcess;
let victim: ApiProcess;
let heir: ApiProcess;
let anna: Person;
let there: Person;

beforeAll(async () => {
  installation = await createInstallation({ environment: { COUNTERSIGN_CLASSIC_RUNS: 'on' } });
  heir = await installation.startApi();
});
beforeEach(async () => {
  [worker, victim] = await Promise.all([installation.startWorker(), installation.startApi()]);
  anna = await installation.person('anna', victim);
  there = createPerson(heir.url, anna.key);
});
afterEach(() => Promise.all([worker.kill(), victim.kill()]));
afterAll(() => installation[Symbol.asyncDispose]());

/** Sends a request and never reads its answer. */
function sendUnread(api: ApiProcess, path: string, headers: Readonly<Record<string, string>>, body: object): void {
  const text = JSON.stringify(body);
  const socket = connect(Number(new URL(api.url).port), '127.0.0.1').on('error', () => {});
  const all = { host: '127.0.0.1', 'content-type': 'application/json', 'content-length': text.length, ...headers };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
  socket.pause();
  socket.write(`POST ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${text}`);
}

describe('between accepting and reading', () => {
  test('B4 a start: the same key gives the same run on another replica, once', async () => {
    const outside = installation.outside();
    const body = { agent: 'sender', input: outside.input };
    const headers = { authorization: `Bearer ${anna.key}`, 'idempotency-key': 'unread-start' };
    const { scope } = installation;
    const runId = runIdFromKey({ ...scope, principal: 'anna', key: 'unread-start' });
    sendUnread(victim, '/v1/runs', headers, body);
    await waitFor('the row of the run', () => getRun(installation.store, scope, runId), { pollMs: 1 });
    await victim.kill();

    const again = () => there.request('POST', '/v1/runs', { headers, body });
    expect(await again()).toMatchObject({ status: 200, body: { runId } });
    const run = there.run(runId);
    await run.decide(await run.pending(), 'approve');
    expect(await untilEnded(run)).toMatchObject({ status: 'completed' });
    expect(await again()).toMatchObject({ status: 200, body: { runId, status: 'completed' } });
    expect(outside.effects()).toHaveLength(1);
  });

  test('B4 a decision: the same key gives the same decision on another replica, once', async () => {
    const outside = installation.outside();
    const run = await anna.startRun({ agent: 'sender', input: outside.input });
    const { key, digest } = await run.pending();
    // Without a worker nobody judges it yet: the API has accepted it and waits, and so it dies.
    await worker.kill();
    const path = `/v1/runs/${run.runId}/approvals/${key}/decisions`;
    const headers = { authorization: `Bearer ${anna.key}`, 'idempotency-key': 'unread-decision' };
    sendUnread(victim, path, headers, { decision: 'approve', digest });
    const connection = await Connection.connect({ address: installation.temporalAddress });
    const handle = new Client({ connection }).workflow.getHandle(
      workflowId({ ...installation.scope, runId: run.runId }),
    );
    await waitFor('the decision to be in the mailbox of the run', async () => {
      const { events } = await handle.fetchHistory();
      return events?.some((event) => event.workflowExecutionSignaledEventAttributes?.signalName === 'decide');
    });
    await connection.close();
    await victim.kill();

    worker = await installation.startWorker();
    const again = () => there.request('POST', path, { headers, body: { decision: 'approve', digest } });
    const first = await again();
    expect(first).toMatchObject({ status: 200, body: { outcome: 'recorded' } });
    expect(await untilEnded(there.run(run.runId))).toMatchObject({ status: 'completed' });
    const { decisionId } = first.body as { decisionId: string };
    expect(await again()).toMatchObject({ status: 200, body: { decisionId } });
    const decided = (await there.run(run.runId).events()).filter(({ type }) => type === 'approval.decided');
    expect(decided.map(({ data }) => data['decisionId'])).toEqual([decisionId]);
    expect(outside.effects()).toHaveLength(1);
  });
});

describe('in the middle of an event stream', () => {
  test('S1.12 B16 the reader comes back to another replica: no gap, no repetition', async () => {
    const outside = installation.outside();
    const { runId } = await anna.startRun({ agent: 'talker', input: outside.input });
    const cut = await readEventStream({ url: victim.url, key: anna.key, runId });
    await waitFor('some events', () => cut.seqs().length >= 12, { pollMs: 1 });
    await victim.kill();
    await cut.ended;
    expect(cut.seen.at(-1)?.type).not.toBe('stream.end');

    const lastEventId = cut.seqs().at(-1) ?? 0;
    const resumed = await readEventStream({ url: heir.url, key: anna.key, runId, lastEventId });
    await resumed.ended;
    expect(resumed.seen.at(-1)).toMatchObject({ type: 'stream.end', data: { status: 'completed' } });
    const seqs = [...cut.seqs(), ...resumed.seqs()];
    const all = await there.run(runId).events();
    expect(seqs).toEqual(all.map(({ seq }) => seq));
    expect(seqs).toEqual(Array.from(seqs, (_, index) => index + 1));
    expect([...cut.seen, ...resumed.seen].flatMap(({ seq, data }) => (seq ? [data] : []))).toEqual(all);
    expect(outside.effects()).toHaveLength(12);
  });
});

describe('while it drives runs of classic execution', () => {
  test(
    'S3.1 B3 they are found and ended: what nobody knows is told so, and nothing is done twice',
    { timeout: 60_000 },
    async () => {
      const kinds = [
        { agent: 'quick-sender', outside: installation.outside('after') },
        { agent: 'quick-sender', outside: installation.outside('before') },
        { agent: 'quick-thinker', outside: installation.outside() },
      ] as const;
      const ids = await Promise.all(
        kinds.map(async ({ agent, outside }, index) => {
          const headers = { prefer: 'respond-async', 'idempotency-key': `classic-${index}` };
          const body = { agent, input: outside.input };
          const answer = await anna.request<{ runId: string }>('POST', '/v1/runs', { headers, body });
          expect(answer.status).toBe(201);
          await waitFor(`${agent} to hang`, () => outside.entries().length === 1);
          return answer.body.runId;
        }),
      );
      await waitFor('the effect', () => kinds[0].outside.effects().length === 1);
      const stream = await readEventStream({ url: heir.url, key: anna.key, runId: ids[0] ?? '' });
      await victim.kill();
      for (const { outside } of kinds) outside.openGate();
      // Workers look when they start, and every half minute.
      const other = await installation.startWorker();
      const runs = ids.map((runId) => there.run(runId));
      await waitFor('the runs to be ended', async () =>
        (await Promise.all(runs.map((run) => run.get()))).every(({ status }) => status === 'failed'),
      );
      for (const run of runs) expect(await run.get()).toMatchObject({ failure: { code: 'interrupted' } });
      const ends = await Promise.all(runs.map(async (run) => (await run.types()).slice(-3)));
      const unknown = ['tool.outcome_unknown', 'run.blocked', 'run.failed'];
      expect(ends).toEqual([unknown, unknown, ['run.started', 'turn.started', 'run.failed']]);
      await stream.ended;
      expect(stream.seen.at(-1)).toMatchObject({ type: 'stream.end', data: { status: 'failed' } });

      // Whoever asks again hears what has become of it.
      for (const [index, { agent, outside }] of kinds.entries()) {
        const headers = { 'idempotency-key': `classic-${index}` };
        const again = await there.request('POST', '/v1/runs', { headers, body: { agent, input: outside.input } });
        expect(again).toMatchObject({ status: 200, body: { runId: ids[index], status: 'failed' } });
        expect(outside.entries()).toHaveLength(1);
        expect(await verifyStoredChain(installation.store, installation.scope, ids[index] ?? '')).toMatchObject({
          ok: true,
        });
      }
      expect(kinds.map(({ outside }) => outside.effects().length)).toEqual([1, 0, 0]);
      await other.kill();
    },
  );

  test('S3.1 one that is asked to stop lets them end, and says of the others that they were interrupted', async () => {
    const [soon, never] = [installation.outside('after'), installation.outside('after')];
    const start = async ({ input }: { readonly input: string }) => {
      const headers = { prefer: 'respond-async' };
      const body = { agent: 'quick-sender', input };
      const answer = await anna.request<{ runId: string }>('POST', '/v1/runs', { headers, body });
      return there.run(answer.body.runId);
    };
    const runs = [await start(soon), await start(never)];
    await waitFor('both effects', () => soon.effects().length + never.effects().length === 2);
    const stopping = victim.stop();
    soon.openGate();
    await stopping;
    expect(await Promise.all(runs.map((run) => run.get()))).toMatchObject([
      { status: 'completed', output: 'Sent.' },
      { status: 'failed', failure: { code: 'interrupted' } },
    ]);
  });
});
