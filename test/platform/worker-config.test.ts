// What a worker may be told, and which version it then is.
import { expect, test } from 'vitest';
import { loadConfig } from '../../src/platform/config.ts';
import { capacityOptions } from '../../src/worker/capacity.ts';

const workerOf = (environment: Record<string, string>) => loadConfig(environment).worker;

test('S3.12 a worker that is told nothing drains for longer than its short steps take, and promotes a new version', () => {
  expect(workerOf({})).toMatchObject({
    taskQueues: ['countersign'],
    deploymentName: 'countersign',
    buildId: undefined,
    versioning: 'auto_upgrade',
    promotes: true,
    drainMs: 45_000,
    capacity: { steps: 200, workflowTasks: 40, cachedRuns: 500, pollers: undefined, target: undefined },
  });
});

test("B17 what Temporal's worker controller sets is taken over, and what is current is its business", () => {
  const given = { TEMPORAL_DEPLOYMENT_NAME: 'agents/countersign', TEMPORAL_WORKER_BUILD_ID: 'v1.2-9bd4' };
  expect(workerOf(given)).toMatchObject({
    deploymentName: 'agents/countersign',
    buildId: 'v1.2-9bd4',
    promotes: false,
  });
  expect(workerOf({ ...given, COUNTERSIGN_WORKER_PROMOTE: 'new' }).promotes).toBe(true);
});

test('S1.18 several queues are served, the first names the deployment', () => {
  const worker = workerOf({ COUNTERSIGN_WORKER_TASK_QUEUES: 'mail.out, refunds' });
  expect(worker).toMatchObject({ taskQueues: ['mail.out', 'refunds'], deploymentName: 'mail-out' });
});

test('S1.18 numbers and ranges become slots, pollers and targets', () => {
  const { capacity } = workerOf({
    COUNTERSIGN_WORKER_STEPS: '12',
    COUNTERSIGN_WORKER_POLLERS: '1',
  });
  expect(capacityOptions(capacity)).toEqual({
    maxConcurrentActivityTaskExecutions: 12,
    maxConcurrentWorkflowTaskExecutions: 40,
    maxConcurrentLocalActivityExecutions: 40,
    maxCachedWorkflows: 500,
    // One of them is for runs that it holds.
    workflowTaskPollerBehavior: { type: 'simple-maximum', maximum: 2 },
    activityTaskPollerBehavior: { type: 'simple-maximum', maximum: 1 },
  });
  const tuned = workerOf({ COUNTERSIGN_WORKER_TARGET_MEMORY: '0.7', COUNTERSIGN_WORKER_POLLERS: '2-50' });
  expect(capacityOptions(tuned.capacity)).toMatchObject({
    tuner: {
      tunerOptions: { targetMemoryUsage: 0.7, targetCpuUsage: 0.9 },
      activityTaskSlotOptions: { maximumSlots: 200 },
    },
    activityTaskPollerBehavior: { type: 'autoscaling', minimum: 2, maximum: 50, initial: 5 },
  });
});

test.each([
  ['COUNTERSIGN_WORKER_POLLERS', '50-2'],
  ['COUNTERSIGN_WORKER_STEPS', '0'],
  ['COUNTERSIGN_WORKER_TARGET_CPU', '80'],
  ['COUNTERSIGN_WORKER_TASK_QUEUES', 'one,'],
  ['COUNTERSIGN_WORKER_VERSIONING', 'PINNED'],
  ['TEMPORAL_DEPLOYMENT_NAME', 'a.b'],
])('S1.18 %s cannot be %s', (name, value) => {
  expect(() => workerOf({ [name]: value })).toThrow(name);
});
