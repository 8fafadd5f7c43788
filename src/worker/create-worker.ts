/** The Temporal worker that runs agents: its settings, each with its reason. */
import { Worker } from '@temporalio/worker';
import type { NativeConnection } from '@temporalio/worker';
import { createActivities } from '../activities/index.ts';
import type { StepDependencies } from '../activities/dependencies.ts';
import { DEFAULT_CAPACITY } from '../platform/worker-config.ts';
import type { WorkerCapacity } from '../platform/worker-config.ts';
import { workflowBundle } from './bundle.ts';
import { capacityOptions } from './capacity.ts';
import { deploymentOptions } from './worker-version.ts';
import type { WorkerVersion } from './worker-version.ts';

export interface WorkerSettings {
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly taskQueue: string;
  readonly dependencies: StepDependencies;
  /** How long a worker that shuts down waits for steps under way. Default 10 s. */
  readonly shutdownGraceMs?: number;
  readonly capacity?: WorkerCapacity;
  /** Without one the worker takes what is of no version. */
  readonly version?: WorkerVersion | undefined;
}

export const createWorker = async (settings: WorkerSettings): Promise<Worker> =>
  Worker.create({
    connection: settings.connection,
    namespace: settings.namespace,
    taskQueue: settings.taskQueue,
    workflowBundle: await workflowBundle(),
    activities: { ...createActivities(settings.dependencies) },
    // After a kill -9, the first message to each of the dead worker's runs waits this long before it goes elsewhere.
    stickyQueueScheduleToStartTimeout: '1s',
    // A turn may start as many tools at once; each saves a round trip through the server where a slot is free.
    maxEagerActivityReservationsPerWorkflowTask: 16,
    // A cancel reaches a step with the answer to a heartbeat.
    maxHeartbeatThrottleInterval: '1s',
    defaultHeartbeatThrottleInterval: '1s',
    shutdownGraceTime: settings.shutdownGraceMs ?? 10_000,
    shutdownForceTime: (settings.shutdownGraceMs ?? 10_000) + 5_000,
    ...capacityOptions(settings.capacity ?? DEFAULT_CAPACITY),
    ...(settings.version && { workerDeploymentOptions: deploymentOptions(settings.version) }),
  });
