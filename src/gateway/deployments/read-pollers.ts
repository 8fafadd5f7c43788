/** Which workers have lately asked a task queue for work. */
import { tsToMs } from '@temporalio/common/lib/time.js';
import type { DeploymentTarget } from './deployment.ts';

/** A poll lasts a minute: whoever is there has begun one since. */
export const SEEN_WITHIN_MS = 75_000;

const VERSIONED = 2;

export interface SeenWorker {
  /** `process@host`. */
  readonly identity: string;
  readonly lastSeenAt: number;
  /** Undefined: a worker without versions. */
  readonly version: { readonly deploymentName: string; readonly buildId: string } | undefined;
}

/** Those that are there now, as far as Temporal can tell: of one that was killed it hears within that time. */
export async function readPollers(target: DeploymentTarget, nowMs: number): Promise<readonly SeenWorker[]> {
  const { connection, namespace, taskQueues } = target;
  const answers = await Promise.all(
    taskQueues.map((name) => connection.workflowService.describeTaskQueue({ namespace, taskQueue: { name } })),
  );
  return answers
    .flatMap(({ pollers }) => pollers ?? [])
    .map(({ identity, lastAccessTime, deploymentOptions: options }): SeenWorker => ({
      identity: identity ?? '',
      lastSeenAt: lastAccessTime ? tsToMs(lastAccessTime) : 0,
      version:
        options && Number(options.workerVersioningMode) === VERSIONED
          ? { deploymentName: options.deploymentName ?? '', buildId: options.buildId ?? '' }
          : undefined,
    }))
    .filter(({ lastSeenAt }) => lastSeenAt > nowMs - SEEN_WITHIN_MS);
}
