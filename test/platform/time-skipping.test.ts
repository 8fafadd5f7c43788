import { fileURLToPath } from 'node:url';
import { Worker } from '@temporalio/worker';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTimeSkippingEnvironment } from '../support/time-skipping.ts';
import { waitADay } from './workflows/wait-a-day.ts';

const dayMs = 24 * 60 * 60 * 1000;
let environment: TestWorkflowEnvironment;
beforeAll(async () => {
  environment = await createTimeSkippingEnvironment();
});
afterAll(() => environment?.teardown());

test('a day of waiting passes in moments', async () => {
  const worker = await Worker.create({
    connection: environment.nativeConnection,
    taskQueue: 'time-skipping',
    workflowsPath: fileURLToPath(new URL('./workflows/wait-a-day.ts', import.meta.url)),
  });
  const startedMs = Date.now();
  const serverStartedMs = await environment.currentTimeMs();

  const result = await worker.runUntil(
    environment.client.workflow.execute(waitADay, { workflowId: 'wait-a-day', taskQueue: 'time-skipping' }),
  );

  expect(result).toBe('a day later');
  expect((await environment.currentTimeMs()) - serverStartedMs).toBeGreaterThanOrEqual(dayMs);
  expect(Date.now() - startedMs).toBeLessThan(10_000);
});

test('time can be skipped by hand', async () => {
  const beforeMs = await environment.currentTimeMs();
  await environment.sleep('30 days');
  expect((await environment.currentTimeMs()) - beforeMs).toBeGreaterThanOrEqual(30 * dayMs);
});
