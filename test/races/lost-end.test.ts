/** A task that tells the run's end is lost, and the one in its place finds that more has happened meanwhile. */
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { workflowId, WORKFLOW_ORIGIN } from '../../src/domain/core/ids.ts';
import { appendToldEvents } from '../../src/store/append-told-events.ts';
import { readEvents } from '../../src/store/events.ts';
import { verifyStoredChain } from '../../src/store/verify-stored-chain.ts';
import { asksFor, recordingTool, says, testAgent } from '../../src/testing/index.ts';
import type { World } from '../../src/testing/index.ts';
import { testWorld } from '../support/world.ts';

const refund = recordingTool('refund');
const agent = testAgent({ tools: [refund], script: [asksFor('refund', {}), says('Done.')] });

let world: World;
let connection: Connection;

beforeAll(async () => {
  world = await testWorld({ agents: [agent] });
  connection = await Connection.connect({ address: world.temporalAddress });
});
afterAll(async () => {
  await connection.close();
  await world[Symbol.asyncDispose]();
});

test('B3 S2.2 the end that was told stands: the workflow follows it, and nothing runs any more', async () => {
  const anna = await world.person('anna');
  const run = await anna.startRun({});
  await run.pending();
  const { runId } = run;
  const told = await readEvents(world.store, world.scope, runId, { after: 0, limit: 100 });
  const ordinal = told.filter(({ origin }) => origin === WORKFLOW_ORIGIN).length + 1;
  const failed = {
    type: 'run.failed',
    at: await world.nowMs(),
    data: { code: 'lost', detail: 'Told by a lost task.' },
  } as const;
  await appendToldEvents(world.store, {
    ...world.scope,
    runId,
    rootRunId: runId,
    origin: WORKFLOW_ORIGIN,
    events: [{ ordinal, event: failed }],
  });
  const handle = new Client({ connection }).workflow.getHandle(workflowId({ ...world.scope, runId }));
  await handle.signal('cancel');
  expect(await handle.result()).toMatchObject({ status: 'failed' });
  expect(await run.ends()).toMatchObject({ status: 'failed' });
  expect((await run.types()).filter((type) => /^run\.(failed|cancelled|completed)$/.test(type))).toEqual([
    'run.failed',
  ]);
  expect(refund.calls).toHaveLength(0);
  expect(await verifyStoredChain(world.store, world.scope, runId)).toMatchObject({ ok: true });
});
