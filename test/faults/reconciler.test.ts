/** Rows and workflows that have lost each other are brought together again. */
import { Client } from '@temporalio/client';
import type { Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { workflowId } from '../../src/domain/core/ids.ts';
import { connectLazily } from '../../src/gateway/connection.ts';
import { createTemporalGateway } from '../../src/gateway/temporal-gateway.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { createLogger } from '../../src/platform/logger.ts';
import { freePort } from '../../src/platform/services/free-port.ts';
import { trustedKeys } from '../../src/platform/signing-keys.ts';
import { getRun } from '../../src/store/run-rows.ts';
import { verifyStoredChain } from '../../src/store/verify-stored-chain.ts';
import { asksFor, recordingTool, says, testAgent } from '../../src/testing/index.ts';
import type { Person, World } from '../../src/testing/index.ts';
import { reconcile } from '../../src/worker/reconcile.ts';
import { readEventStream } from '../support/event-reader.ts';
import { createReplica } from '../support/replica.ts';
import type { Replica } from '../support/replica.ts';
import { untilEnded } from '../support/until-ended.ts';
import { testWorld } from '../support/world.ts';

const refund = recordingTool('refund');
const agent = testAgent({ tools: [refund], script: [asksFor('refund', {}), says('Done.')] });

let world: World;
/** An API that has lost Temporal. */
let cutOff: Replica;
let connection: Connection;
let anna: Person;

beforeAll(async () => {
  world = await testWorld({ agents: [agent] });
  cutOff = await withoutTemporal();
  connection = connectLazily({ address: world.temporalAddress });
  anna = await world.person('anna');
});
afterAll(async () => {
  await cutOff[Symbol.asyncDispose]();
  await connection.close();
  await world[Symbol.asyncDispose]();
});

/** One that has once failed to start a run asks first whether Temporal is back: each test that starts has its own. */
const withoutTemporal = async (): Promise<Replica> =>
  createReplica(world, { temporalAddress: `127.0.0.1:${await freePort()}` });

const reconcileNow = (): Promise<void> => {
  const { store, taskQueue, keys } = world;
  const gateway = createTemporalGateway({ connection, namespace: 'default', taskQueue, trust: trustedKeys(keys) });
  return reconcile(
    { store, gateway, clock: systemClock, logger: createLogger({ level: 'silent', service: 'test' }) },
    -1,
  );
};

const effectsOf = (runId: string) => refund.callsOf(runId).length;

describe('the reconciler', () => {
  test('S2.3 S3.10 ends a run whose workflow was terminated, and its stream', async () => {
    const run = await anna.startRun({});
    const approval = await run.pending();
    const stream = await readEventStream({ url: world.url, key: anna.key, runId: run.runId });
    const handle = new Client({ connection }).workflow.getHandle(workflowId({ ...world.scope, runId: run.runId }));
    await handle.terminate('by hand');
    // Until somebody looks, the row is as it was; a decision is told what holds.
    expect(await run.decide(approval, 'approve')).toMatchObject({ status: 410, body: { code: 'run_over' } });

    await reconcileNow();
    const ended = await run.get();
    expect(ended).toMatchObject({ status: 'failed', failure: { code: 'workflow_terminated' } });
    await stream.ended;
    expect(stream.seen.slice(-2)).toMatchObject([
      { type: 'run.failed', data: { data: { code: 'workflow_terminated' } } },
      { type: 'stream.end', data: { status: 'failed' } },
    ]);
    expect((await run.approvals()).map(({ status }) => status)).toEqual(['withdrawn']);
    expect(await run.cancel()).toMatchObject({ status: 200, body: { cancelled: false } });
    await reconcileNow();
    expect(await run.get()).toEqual(ended);
    expect(effectsOf(run.runId)).toBe(0);
    expect(await verifyStoredChain(world.store, world.scope, run.runId)).toMatchObject({ ok: true });
  });

  test('S2.3 sends a start and a cancel that never reached Temporal, once', async () => {
    const suspended = await anna.startRun({});
    await suspended.pending();
    const away = cutOff.speaksHere(anna);
    const [start, cancel] = await Promise.all([
      away.request<{ runId: string }>('POST', '/v1/runs', {
        headers: { 'idempotency-key': 'never-sent' },
        body: { agent: 'helper', input: 'Begin.' },
      }),
      away.run(suspended.runId).cancel(),
    ]);
    expect([start.status, cancel.status]).toEqual([503, 503]);
    const { runId } = start.body;
    expect(await getRun(world.store, world.scope, runId)).toMatchObject({ startedInTemporal: false, eventSeq: 0 });
    expect(await suspended.get()).toMatchObject({ status: 'suspended', cancelRequested: true });

    await Promise.all([reconcileNow(), reconcileNow()]);
    await reconcileNow();
    const run = anna.run(runId);
    await run.decide(await run.pending(), 'approve');
    expect(await run.settles()).toMatchObject({ status: 'completed' });
    expect(effectsOf(runId)).toBe(1);
    expect(await getRun(world.store, world.scope, runId)).toMatchObject({ startedInTemporal: true });
    expect((await run.types()).filter((type) => type === 'run.started')).toHaveLength(1);

    const cancelled = anna.run(suspended.runId);
    expect(await untilEnded(cancelled)).toMatchObject({ status: 'cancelled' });
    expect(await cancelled.cancel()).toMatchObject({ status: 200, body: { cancelled: true } });
    expect((await cancelled.types()).filter((type) => type === 'run.cancelled')).toHaveLength(1);
    const requested = (await cancelled.events()).find(({ type }) => type === 'run.cancel_requested');
    expect(requested?.data).toMatchObject({ actor: { principal: 'anna' } });
  });

  test('S1.13 sends what a replacement has left to send: the cancel of the old run, the start of the new one', async () => {
    const conversationId = 'replaced-unsent';
    const old = await anna.startRun({ conversationId });
    const approval = await old.pending();
    await using lost = await withoutTemporal();
    const away = lost.speaksHere(anna);
    // Recorded, and then nothing: as where the API is killed between its transaction and Temporal.
    const first = await away.request<{ runId: string }>('POST', '/v1/runs', {
      body: { agent: 'helper', input: 'Begin.', conversationId, replace: true },
    });
    expect(first.status).toBe(503);
    expect(await old.get()).toMatchObject({
      status: 'suspended',
      cancelRequested: true,
      replacedBy: first.body.runId,
    });
    // Nobody consents to a run that has lost its place.
    expect(await old.decide(approval, 'approve')).toMatchObject({ status: 410, body: { code: 'run_over' } });

    await reconcileNow();
    expect(await untilEnded(old)).toMatchObject({ status: 'cancelled' });
    const run = anna.run(first.body.runId);
    await run.decide(await run.pending(), 'approve');
    expect(await run.settles()).toMatchObject({ status: 'completed' });
    expect([effectsOf(old.runId), effectsOf(run.runId)]).toEqual([0, 1]);
  });

  test('S1.13 a run that was replaced before it was ever sent is started and cancelled, and asks for nothing', async () => {
    const { store, scope } = world;
    const conversationId = 'replaced-unstarted';
    await using lost = await withoutTemporal();
    const away = lost.speaksHere(anna);
    const first = await away.request<{ runId: string }>('POST', '/v1/runs', {
      body: { agent: 'helper', input: 'Begin.', conversationId },
    });
    expect(await getRun(store, scope, first.body.runId)).toMatchObject({ startedInTemporal: false });
    const { runId } = await anna.startRun({ conversationId, replace: true });
    await reconcileNow();
    expect(await untilEnded(anna.run(first.body.runId))).toMatchObject({ status: 'cancelled', replacedBy: runId });
    await anna.run(runId).pending();
    expect(await anna.run(runId).cancel()).toMatchObject({ status: 200 });
    expect(effectsOf(first.body.runId)).toBe(0);
  });

  test('leaves alone what waits for people', async () => {
    const run = await anna.startRun({});
    await run.pending();
    const before = await run.get();
    await reconcileNow();
    expect(await run.get()).toEqual(before);
    expect(await run.cancel()).toMatchObject({ status: 200 });
  });
});
