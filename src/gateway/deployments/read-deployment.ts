import { tsToMs } from '@temporalio/common/lib/time.js';
import { isNotFound } from '../temporal-faults.ts';
import type { Deployment, DeploymentPlace, DeploymentVersion, VersionStatus } from './deployment.ts';

/** As Temporal numbers them. */
const STATUSES: Readonly<Record<number, VersionStatus>> = {
  1: 'inactive',
  2: 'current',
  3: 'ramping',
  4: 'draining',
  5: 'drained',
};

type Time = Parameters<typeof tsToMs>[0];
const timeOf = (time: Time): number | undefined => (time ? tsToMs(time) : undefined);

/** Undefined where no worker of it has ever come. */
export async function readDeployment(
  { connection, namespace }: DeploymentPlace,
  deploymentName: string,
): Promise<Deployment | undefined> {
  const described = await connection.workflowService
    .describeWorkerDeployment({ namespace, deploymentName })
    .catch((error: unknown) => {
      if (isNotFound(error)) return undefined;
      throw error;
    });
  const info = described?.workerDeploymentInfo;
  if (!described || !info) return undefined;
  const percentage = info.routingConfig?.rampingVersionPercentage ?? undefined;
  const versions = (info.versionSummaries ?? []).map((summary): DeploymentVersion => {
    const status = STATUSES[summary.status ?? 0] ?? 'inactive';
    const activatedAt = timeOf(summary.firstActivationTime);
    const deactivatedAt = timeOf(summary.lastDeactivationTime);
    return {
      buildId: summary.deploymentVersion?.buildId ?? '',
      status,
      createdAt: timeOf(summary.createTime) ?? 0,
      ...(status === 'ramping' && percentage !== undefined && { rampPercentage: percentage }),
      ...(activatedAt !== undefined && { activatedAt }),
      ...(deactivatedAt !== undefined && { deactivatedAt }),
    };
  });
  return {
    name: deploymentName,
    versions: versions.toSorted((one, other) => other.createdAt - one.createdAt),
    conflictToken: described.conflictToken ?? new Uint8Array(),
    ...(info.lastModifierIdentity && { changedBy: info.lastModifierIdentity }),
  };
}
