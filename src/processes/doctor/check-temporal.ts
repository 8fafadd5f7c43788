import type { Check } from '../../contract/check-up.ts';
import type { DeploymentTarget } from '../../gateway/deployments/deployment.ts';
import { readFleet } from '../../gateway/deployments/read-fleet.ts';
import type { Fleet } from '../../gateway/deployments/read-fleet.ts';
import { hasSearchAttributes } from '../../gateway/search-attributes.ts';
import { isNotFound } from '../../gateway/temporal-faults.ts';
import { workflowId } from '../../domain/core/ids.ts';

const TIMEOUT_MS = 10_000;
const NAMED_RUNS = 5;

/** Temporal itself, and the workers that it knows. */
export async function checkTemporal(target: DeploymentTarget): Promise<readonly Check[]> {
  const { connection, namespace } = target;
  const within = <T>(call: () => Promise<T>): Promise<T> => connection.withDeadline(Date.now() + TIMEOUT_MS, call);
  try {
    const { serverVersion } = await within(() => connection.workflowService.getSystemInfo({}));
    await within(() => connection.workflowService.describeNamespace({ namespace }));
    const isRegistered = await within(() => hasSearchAttributes(connection, namespace));
    const fleet = await within(() => readFleet(target, { nowMs: Date.now() }));
    return [
      {
        subject: 'temporal',
        status: 'ok',
        detail: `server ${serverVersion ?? 'of no version'}, namespace ${namespace}`,
      },
      isRegistered
        ? { subject: 'search attributes', status: 'ok', detail: 'registered' }
        : {
            subject: 'search attributes',
            status: 'warning',
            detail: "some are missing: runs work, and are not found by them in Temporal's UI",
            next: 'Run `countersign migrate`; it needs the right to add search attributes.',
          },
      ...workerChecks(fleet),
    ];
  } catch (error) {
    const detail = isNotFound(error) ? `it has no namespace ${namespace}` : 'it does not answer, or not to this client';
    const next = isNotFound(error)
      ? `temporal operator namespace create --namespace ${namespace}`
      : 'Is it running? `countersign config show --set` says which address, key and certificates are used.';
    return [{ subject: 'temporal', status: 'failed', detail, next }];
  }
}

export function workerChecks(fleet: Fleet): readonly Check[] {
  const { versions, unversionedWorkers, unserved, deploymentName, taskQueues } = fleet;
  const current = versions.find(({ status }) => status === 'current');
  const subject = 'workers';
  const served = current ? current.workers : unversionedWorkers;
  const idle = versions.filter(({ workers, status }) => workers > 0 && (status === 'inactive' || status === 'drained'));
  return [
    served > 0
      ? {
          subject,
          status: 'ok',
          detail: current ? `${served} of the version ${current.buildId}` : `${served}, unversioned`,
        }
      : noWorker(fleet),
    ...(current && unversionedWorkers > 0
      ? [
          {
            subject,
            status: 'warning' as const,
            detail: `${unversionedWorkers} workers without a version get nothing: ${deploymentName} has a current one`,
            next: 'Set COUNTERSIGN_WORKER_VERSIONING for them, too, or stop them.',
          },
        ]
      : []),
    ...idle.map(({ buildId, workers }) => ({
      subject,
      status: 'warning' as const,
      detail: `${workers} of the version ${buildId} have nothing to do`,
      next: `Make it current with \`countersign worker deploy set-current ${buildId}\`, or stop them.`,
    })),
    ...(unserved.length === 0 ? [] : [unservedCheck(fleet, taskQueues)]),
  ];
}

const noWorker = ({ versions, taskQueues, deploymentName }: Fleet): Check => {
  const current = versions.find(({ status }) => status === 'current');
  const waiting = versions.find(({ workers }) => workers > 0);
  const queue = taskQueues.join(', ');
  return {
    subject: 'workers',
    status: 'failed',
    detail: current
      ? `none of the current version ${current.buildId} of ${deploymentName}: new runs wait`
      : `nobody serves the task queue ${queue}: runs wait`,
    next: waiting
      ? `Make one current that has workers: \`countersign worker deploy set-current ${waiting.buildId}\`.`
      : 'Start `countersign worker` with the same task queue and namespace.',
  };
};

function unservedCheck({ unserved, hasMoreUnserved }: Fleet, taskQueues: readonly string[]): Check {
  const named = unserved
    .slice(0, NAMED_RUNS)
    .map(({ address, buildId, reason }) =>
      reason === 'version_without_worker' ? `${workflowId(address)} (pinned to ${buildId ?? ''})` : workflowId(address),
    );
  const more = hasMoreUnserved ? `${unserved.length} and more` : String(unserved.length);
  const pinned = unserved.find(({ reason }) => reason === 'version_without_worker');
  return {
    subject: 'runs',
    status: 'failed',
    detail: `nobody carries on ${more}: ${named.join(', ')}${unserved.length > NAMED_RUNS ? ', …' : ''}`,
    next: pinned?.buildId
      ? `Start workers of ${pinned.buildId} again, or move them: \`countersign worker deploy move --from ${pinned.buildId}\`.`
      : `Start \`countersign worker\` for ${taskQueues.join(', ')}.`,
  };
}
