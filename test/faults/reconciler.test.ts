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
  cutOff = await createReplica(world, { temporalAddress: `127.0.0.1:${await freePort()}` });
  connection = connectLazily(world.temporalAddress);
  anna = await world.person('anna');
});
afterAll(async () => {
  await cutOff[Symbol.asyncDispose]();
  await connection.close();
  await world[Symbol.asyncDispose]();
});

const reconcileNow = (): Promise<void> => {
  const { store, taskQueue, keys } = world;
  const gateway = createTemporalGateway({ connection, namespace: 'default', taskQueue, trust: trustedKeys(keys) });
  return reconcile(
    { store, gateway, clock: systemClock, logger: createLogger({ level: 'silent', service: 'test' }) },
    -1,
  );
};

const effectsOf = (runId: string) => refund.calls.filter(({ effectKey }) => effectKey.includes(runId)).length;

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

  test('leaves alone what waits for people', async () => {
    const run = await anna.startRun({});
    await run.pending();
    const before = await run.get();
    await reconcileNow();
    expect(await run.get()).toEqual(before);
    expect(await run.cancel()).toMatchObject({ status: 200 });
  });
});
