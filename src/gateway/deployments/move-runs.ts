/** Moves runs from the version that they are pinned to: on purpose, one by one. */
import { Client } from '@temporalio/client';
import { refusalOf } from '../temporal-faults.ts';
import type { DeploymentTarget } from './deployment.ts';
import { onVersion } from './read-fleet.ts';

/** `to`: a version that they are then pinned to, or whatever is current from now on. */
export type Destination = { readonly buildId: string } | 'current';

export interface MovedRuns {
  readonly moved: readonly string[];
  readonly refused: readonly { readonly workflowId: string; readonly reason: string }[];
}

/** `VERSIONING_OVERRIDE_PINNED_BEHAVIOR_PINNED`. */
const PINNED = 1;

/** The workflows of the unfinished runs of a version. */
export async function* runsOnVersion(target: DeploymentTarget, buildId: string): AsyncIterable<string> {
  const { connection, namespace } = target;
  const query = `${onVersion(target, buildId)} AND ExecutionStatus = 'Running'`;
  for await (const { workflowId } of new Client({ connection, namespace }).workflow.list({ query })) yield workflowId;
}

export async function moveRuns(
  { connection, namespace, deploymentName }: DeploymentTarget,
  workflowIds: readonly string[],
  to: Destination,
): Promise<MovedRuns> {
  const moved: string[] = [];
  const refused: { workflowId: string; reason: string }[] = [];
  const versioningOverride =
    to === 'current'
      ? { autoUpgrade: true }
      : { pinned: { behavior: PINNED, version: { deploymentName, buildId: to.buildId } } };
  for (const workflowId of workflowIds) {
    try {
      await connection.workflowService.updateWorkflowExecutionOptions({
        namespace,
        workflowExecution: { workflowId },
        workflowExecutionOptions: { versioningOverride },
        updateMask: { paths: ['versioning_override'] },
      });
      moved.push(workflowId);
    } catch (error) {
      const reason = refusalOf(error);
      if (reason === undefined) throw error;
      refused.push({ workflowId, reason });
    }
  }
  return { moved, refused };
}
