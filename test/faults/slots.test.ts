/** Slots of active runs, and what is killed while it holds one. */
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
import type { Store } from '../../src/store/database.ts';
import { asksFor, recordingTool, says, testAgent } from '../../src/testing/index.ts';
import type { Person, World } from '../../src/testing/index.ts';
import { reconcile } from '../../src/worker/reconcile.ts';
import { createInstallation } from '../support/installation.ts';
import type { Installation } from '../support/installation.ts';
import { createReplica } from '../support/replica.ts';
import { untilEnded } from '../support/until-ended.ts';
import { waitFor } from '../support/wait-for.ts';
import { testWorld } from '../support/world.ts';

const slotsOf = async (store: Store) =>
  (await store.pool.query<{ root_run_id: string }>('SELECT root_run_id FROM slots ORDER BY ticket')).rows.map(
    (row) => row.root_run_id,
  );

describe('S1.11 kill -9 of a worker', () => {
  let installation: Installation;
  beforeAll(async () => {
    installation = await createInstallation({ environment: { COUNTERSIGN_MAX_ACTIVE_RUNS_PER_REQUESTER: '1' } });
  });
  afterAll(() => installation[Symbol.asyncDispose]());

  test(
    'with a slot, and with others waiting for it: its run goes on elsewhere, then they do, in order',
    { timeout: 90_000 },
    async () => {
      const api = await installation.startApi();
      const victim = await installation.startWorker();
      const anna = await installation.person('anna', api);
      const [hanging, second, third] = [installation.outside('after'), installation.outside(), installation.outside()];
      const runs = [];
      for (const { input } of [hanging, second, third]) {
        const run = await anna.startRun({ agent: 'syncer', input });
        runs.push({ run, approval: await run.pending() });
      }
      for (const { run, approval } of runs) {
        expect(await run.decide(approval, 'approve')).toMatchObject({ status: 200 });
        if (run === runs[0]?.run) await waitFor('it to hang', () => hanging.effects().length === 1);
        else await run.event('run.queued');
      }
      const ids = runs.map(({ run }) => run.runId);
      expect(await slotsOf(installation.store)).toEqual(ids);
      expect(await anna.request('POST', '/v1/runs', { body: { agent: 'syncer', input: 'x' } })).toMatchObject({
        status: 429,
      });
      await victim.kill();
      expect(await slotsOf(installation.store)).toEqual(ids);
      hanging.openGate();
      const heir = await installation.startWorker();
      for (const { run } of runs) expect(await untilEnded(run)).toMatchObject({ status: 'completed' });
      expect([second.effects(), third.effects()].map((effects) => effects.length)).toEqual([1, 1]);
      const ended = await Promise.all(runs.map(async ({ run }) => Date.parse((await run.get()).endedAt ?? '')));
      expect(ended).toEqual(ended.toSorted((one, other) => one - other));
      expect(await slotsOf(installation.store)).toEqual([]);
      await heir.kill();
    },
  );
});

describe('S1.11 a slot whose run is lost', () => {
  const refund = recordingTool('refund');
  const hang = recordingTool('hang', { run: () => new Promise(() => {}) });
  let world: World;
  let connection: Connection;
  let anna: Person;
  beforeAll(async () => {
    const agents = [
      testAgent({ tools: [refund], script: [asksFor('refund', {}), says('Done.')] }),
      testAgent({
        name: 'hanger',
        tools: [hang],
        script: [asksFor('hang', {})],
        policy: [{ id: 'freely', match: '*', effect: 'allow' }],
      }),
    ];
    world = await testWorld({ agents, maxActiveRunsPerRequester: 1 });
    connection = connectLazily({ address: world.temporalAddress });
    anna = await world.person('anna');
  });
  afterAll(async () => {
    await connection.close();
    await world[Symbol.asyncDispose]();
  });

  const reconcileNow = (): Promise<void> => {
    const { store, taskQueue, keys } = world;
    const gateway = createTemporalGateway({ connection, namespace: 'default', taskQueue, trust: trustedKeys(keys) });
    const logger = createLogger({ level: 'silent', service: 'test' });
    return reconcile({ store, gateway, clock: systemClock, logger }, -1);
  };
  const start = (by: Person) =>
    by.request<{ runId: string }>('POST', '/v1/runs', { body: { agent: 'helper', input: 'Begin.' } });

  test('between the row and the start: the reconciler starts the run, and the slot goes as any other', async () => {
    const temporalAddress = `127.0.0.1:${await freePort()}`;
    await using cutOff = await createReplica(world, { temporalAddress, maxActiveRunsPerRequester: 1 });
    const unsent = await start(cutOff.speaksHere(anna));
    expect(unsent.status).toBe(503);
    expect(await slotsOf(world.store)).toEqual([unsent.body.runId]);
    expect(await start(anna)).toMatchObject({ status: 429 });
    await reconcileNow();
    const run = anna.run(unsent.body.runId);
    await run.pending();
    expect(await slotsOf(world.store)).toEqual([]);
    const next = await start(anna);
    expect(next.status).toBe(201);
    await anna.run(next.body.runId).pending();
  });

  test('with its workflow, which somebody has terminated: the reconciler ends the run, and the slot is free', async () => {
    const { runId } = await anna.startRun({ agent: 'hanger' });
    await waitFor('the tool to be entered', () => hang.calls.length === 1);
    expect(await slotsOf(world.store)).toEqual([runId]);
    const handle = new Client({ connection }).workflow.getHandle(workflowId({ ...world.scope, runId }));
    await handle.terminate('by hand');
    await reconcileNow();
    expect(await anna.run(runId).get()).toMatchObject({ status: 'failed' });
    expect(await slotsOf(world.store)).toEqual([]);
  });
});
