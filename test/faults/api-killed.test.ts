/** `kill -9` of the API: what it had accepted is not lost, and any other replica goes on. */
import { connect } from 'node:net';
import { Client, Connection } from '@temporalio/client';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { runIdFromKey, workflowId } from '../../src/domain/core/ids.ts';
import { getRun } from '../../src/store/run-rows.ts';
import { createPerson } from '../../src/testing/person.ts';
import type { Person } from '../../src/testing/person.ts';
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
  installation = await createInstallation();
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
