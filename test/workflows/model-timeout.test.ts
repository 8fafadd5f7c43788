/** A provider that never answers. */
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import type { ModelPort } from '../../src/adapters/models/model-port.ts';
import { workflowId } from '../../src/domain/core/ids.ts';
import { says, testAgent } from '../../src/testing/index.ts';
import type { World } from '../../src/testing/index.ts';
import { testWorld } from '../support/world.ts';

let aborted = 0;
const silent: ModelPort = {
  generate: (_, { signal }) =>
    new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => {
        aborted += 1;
        reject(signal.reason);
      });
    }),
};

let world: World;
beforeAll(async () => {
  const limits = { modelStepTimeoutMs: 100, maxModelAttempts: 2 };
  const common = { model: 'silent/m', providers: { silent }, limits };
  world = await testWorld({
    agents: [
      testAgent({ ...common, name: 'stuck', script: [] }),
      testAgent({ ...common, name: 'helped', fallbackModels: ['scripted/helped'], script: [says('At last.')] }),
    ],
  });
});
afterAll(() => world[Symbol.asyncDispose]());

test('S3.12 the model step ends at its limit, is tried again, then given up; Temporal shows the limit', async () => {
  const anna = await world.person('anna');
  const run = await anna.startRun({ agent: 'stuck' });
  expect(await run.ends()).toMatchObject({ status: 'failed', failure: { code: 'model_step_timeout' } });
  expect(aborted).toBe(2);
  const connection = await Connection.connect({ address: inject('temporalAddress') });
  const handle = new Client({ connection }).workflow.getHandle(workflowId({ ...world.scope, runId: run.runId }));
  const { events } = await handle.fetchHistory();
  const timeouts = (events ?? []).flatMap(({ activityTaskScheduledEventAttributes: scheduled }) =>
    scheduled?.activityType?.name === 'callModel' ? [Number(scheduled.startToCloseTimeout?.seconds)] : [],
  );
  await connection.close();
  // The limit, and a minute for all else that the step does.
  expect(timeouts).toEqual([60, 60]);
});

test('S3.12 a model that never answers is followed by the next one', async () => {
  const anna = await world.person('anna');
  const run = await anna.startRun({ agent: 'helped' });
  expect(await run.ends()).toMatchObject({ status: 'completed', output: 'At last.' });
  expect(await run.types()).toContain('model.fell_back');
});
