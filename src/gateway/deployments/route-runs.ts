/** Says which version gets runs. The server refuses what would leave task queues without workers. */
import type { DeploymentPlace, VersionName } from './deployment.ts';

export interface RoutingOptions {
  /** Who does it, as Temporal shows it. */
  readonly identity: string;
  /** Only if nothing else has changed since it was read. */
  readonly conflictToken?: Uint8Array;
  /** Also where some of the queues of the current version have no worker of this one. */
  readonly force?: boolean;
}

const optionsOf = ({ identity, conflictToken, force }: RoutingOptions) => ({
  identity,
  ...(conflictToken && { conflictToken }),
  ...(force && { ignoreMissingTaskQueues: true }),
});

export async function setCurrentVersion(
  { connection, namespace }: DeploymentPlace,
  version: VersionName,
  options: RoutingOptions,
): Promise<void> {
  await connection.workflowService.setWorkerDeploymentCurrentVersion({
    namespace,
    ...version,
    ...optionsOf(options),
  });
}

/** New runs, and those that upgrade by themselves, go there by this share; 0 ends it. */
export async function setRampingVersion(
  { connection, namespace }: DeploymentPlace,
  { deploymentName, buildId }: VersionName,
  percentage: number,
  options: RoutingOptions,
): Promise<void> {
  await connection.workflowService.setWorkerDeploymentRampingVersion({
    namespace,
    deploymentName,
    buildId: percentage === 0 ? '' : buildId,
    percentage,
    ...optionsOf(options),
  });
}
