/** What of Temporal's worker deployments we speak of. */
import type { Connection } from '@temporalio/client';

export interface DeploymentPlace {
  readonly connection: Connection;
  readonly namespace: string;
}

export interface VersionName {
  readonly deploymentName: string;
  readonly buildId: string;
}

/** A deployment and the queues that its workers serve. */
export interface DeploymentTarget extends DeploymentPlace {
  readonly deploymentName: string;
  readonly taskQueues: readonly string[];
}

/**
 * `current`: new runs, and those that upgrade by themselves, go there. `draining`: only pinned runs are left on it.
 * `drained`: not even those. `inactive`: it has never had any.
 */
export type VersionStatus = 'inactive' | 'current' | 'ramping' | 'draining' | 'drained';

export interface DeploymentVersion {
  readonly buildId: string;
  readonly status: VersionStatus;
  /** Of a ramping one: the share of new runs that it gets. */
  readonly rampPercentage?: number;
  readonly createdAt: number;
  /** When it was current or ramping for the first time, and when it ceased to be. */
  readonly activatedAt?: number;
  readonly deactivatedAt?: number;
}

export interface Deployment {
  readonly name: string;
  /** Newest first. */
  readonly versions: readonly DeploymentVersion[];
  /** Who changed it last. */
  readonly changedBy?: string;
  /** For a change that is only to be made if nobody made another meanwhile. */
  readonly conflictToken: Uint8Array;
}
