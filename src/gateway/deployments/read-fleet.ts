/** A deployment with what is at work in it: who serves each version, and which runs nobody serves. */
import { Client } from '@temporalio/client';
import { parseWorkflowId } from '../../domain/core/ids.ts';
import type { WorkflowAddress } from '../../domain/core/ids.ts';
import type { DeploymentTarget, DeploymentVersion } from './deployment.ts';
import { readDeployment } from './read-deployment.ts';
import { readPollers } from './read-pollers.ts';
import type { SeenWorker } from './read-pollers.ts';

export interface FleetVersion extends DeploymentVersion {
  /** Processes that have lately asked for work. */
  readonly workers: number;
  /** Unfinished runs that last went on there. */
  readonly runs: number;
  /** Of these, the ones that stay there whatever becomes current. */
  readonly pinnedRuns: number;
}

export interface UnservedRun {
  readonly address: WorkflowAddress;
  /** Undefined: it has begun on no version. */
  readonly buildId: string | undefined;
  /** `version_without_worker`: pinned to one. `no_worker`: where it would go next, nobody is. */
  readonly reason: 'version_without_worker' | 'no_worker';
}

export interface Fleet {
  readonly deploymentName: string;
  readonly taskQueues: readonly string[];
  /** Newest first; none where no versioned worker has ever come. */
  readonly versions: readonly FleetVersion[];
  /** Workers without versions. */
  readonly unversionedWorkers: number;
  /** Unfinished runs that nobody would carry on. */
  readonly unserved: readonly UnservedRun[];
  /** True where there are more of them than are named. */
  readonly hasMoreUnserved: boolean;
  readonly changedBy?: string;
}

const MAX_NAMED = 100;
/** Visibility answers few questions a second: old versions that nobody uses are not asked about. */
const MAX_VERSIONS = 20;

const RUNNING = "ExecutionStatus = 'Running'";
const PINNED = "TemporalWorkflowVersioningBehavior = 'Pinned'";

/** Text in a visibility query. */
const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

export const onVersion = ({ deploymentName }: DeploymentTarget, buildId: string): string =>
  `TemporalWorkerDeploymentVersion = ${quoted(`${deploymentName}:${buildId}`)}`;

const onQueues = ({ taskQueues }: DeploymentTarget): string =>
  `TaskQueue IN (${taskQueues.map(quoted).join(', ')}) AND WorkflowType = 'agentRun'`;

export interface FleetOptions {
  readonly nowMs: number;
  /** Whose runs are counted and named; all without. */
  readonly scope?: { readonly tenant: string; readonly project: string };
}

export async function readFleet(target: DeploymentTarget, { nowMs, scope }: FleetOptions): Promise<Fleet> {
  const { connection, namespace, deploymentName, taskQueues } = target;
  const { workflow } = new Client({ connection, namespace });
  const [deployment, workers] = await Promise.all([readDeployment(target, deploymentName), readPollers(target, nowMs)]);
  const mine = scope ? ` AND WorkflowId STARTS_WITH ${quoted(`${scope.tenant}/${scope.project}/`)}` : '';
  const count = async (query: string): Promise<number> => (await workflow.count(query)).count;
  const versions: FleetVersion[] = [];
  for (const version of (deployment?.versions ?? []).slice(0, MAX_VERSIONS)) {
    const isUsed = version.status !== 'inactive' && version.status !== 'drained';
    const query = `${onVersion(target, version.buildId)} AND ${RUNNING}${mine}`;
    const runs = isUsed ? await count(query) : 0;
    const pinnedRuns = runs > 0 ? await count(`${query} AND ${PINNED}`) : 0;
    versions.push({ ...version, workers: workersOf(workers, target, version.buildId), runs, pinnedRuns });
  }
  const unversionedWorkers = identities(workers.filter(({ version }) => version === undefined));
  const unserved: UnservedRun[] = [];
  for (const { query, buildId, reason } of abandoned(target, versions, unversionedWorkers)) {
    for await (const { workflowId } of workflow.list({
      query: `${query} AND ${RUNNING}${mine}`,
      pageSize: MAX_NAMED + 1,
    })) {
      const address = parseWorkflowId(workflowId);
      if (address) unserved.push({ address, buildId, reason });
      if (unserved.length > MAX_NAMED) break;
    }
  }
  return {
    deploymentName,
    taskQueues,
    versions,
    unversionedWorkers,
    unserved: unserved.slice(0, MAX_NAMED),
    hasMoreUnserved: unserved.length > MAX_NAMED,
    ...(deployment?.changedBy !== undefined && { changedBy: deployment.changedBy }),
  };
}

interface Abandoned extends Pick<UnservedRun, 'buildId' | 'reason'> {
  readonly query: string;
}

/** Which runs nobody serves, as queries. */
function abandoned(target: DeploymentTarget, versions: readonly FleetVersion[], unversioned: number): Abandoned[] {
  const left = versions
    .filter(({ workers, pinnedRuns }) => workers === 0 && pinnedRuns > 0)
    .map(({ buildId }): Abandoned => ({
      query: `${onVersion(target, buildId)} AND ${PINNED}`,
      buildId,
      reason: 'version_without_worker',
    }));
  const current = versions.find(({ status }) => status === 'current');
  const isServed = (current?.workers ?? unversioned) > 0;
  if (isServed) return left;
  // All that are pinned nowhere go to the current version, or to workers without one.
  return [...left, { query: `${onQueues(target)} AND NOT ${PINNED}`, buildId: current?.buildId, reason: 'no_worker' }];
}

const identities = (workers: readonly SeenWorker[]): number => new Set(workers.map(({ identity }) => identity)).size;

const workersOf = (workers: readonly SeenWorker[], { deploymentName }: DeploymentTarget, buildId: string): number =>
  identities(
    workers.filter(({ version }) => version?.deploymentName === deploymentName && version.buildId === buildId),
  );
