import type { WorkerFleet } from '../../contract/workers.ts';
import type { Fleet, FleetVersion } from '../../gateway/deployments/read-fleet.ts';

const timeOf = (atMs: number): string => new Date(atMs).toISOString();

const versionView = ({ createdAt, activatedAt, deactivatedAt, ...version }: FleetVersion) => ({
  ...version,
  createdAt: timeOf(createdAt),
  ...(activatedAt !== undefined && { activatedAt: timeOf(activatedAt) }),
  ...(deactivatedAt !== undefined && { deactivatedAt: timeOf(deactivatedAt) }),
});

export const workerFleetView = ({ versions, unserved, taskQueues, ...fleet }: Fleet): WorkerFleet => ({
  ...fleet,
  taskQueues: [...taskQueues],
  versions: versions.map(versionView),
  unserved: unserved.map(({ address: { tenant, project, runId }, buildId, reason }) => ({
    tenant,
    project,
    runId,
    ...(buildId !== undefined && { buildId }),
    reason,
  })),
});
