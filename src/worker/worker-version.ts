/** Which version of which deployment a worker is. */
import { createHash } from 'node:crypto';
import type { WorkerDeploymentOptions } from '@temporalio/worker';
import { agentDefinition, agentDigest } from '../adapters/agents/define-agent.ts';
import type { AgentSource } from '../adapters/agents/define-agent.ts';
import type { RuleInput } from '../domain/policy/policy-schema.ts';
import type { KnownPeople } from '../domain/policy/quorum-faults.ts';
import type { WorkerConfig } from '../platform/worker-config.ts';
import { bundleDigest, workflowBundle } from './bundle.ts';

export interface WorkerVersion {
  readonly deploymentName: string;
  readonly buildId: string;
  readonly behavior: 'PINNED' | 'AUTO_UPGRADE';
}

export interface VersionedParts {
  readonly agents: readonly AgentSource[];
  readonly deployment: readonly RuleInput[];
  readonly people?: KnownPeople;
}

const BUILD_ID_CHARACTERS = 16;

/**
 * Undefined where workers have no versions. With AUTO_UPGRADE only the workflow code counts: all else may change under a
 * run, which has pinned what it needs. With PINNED the agents count, too: a paused run keeps those it began with.
 */
export async function workerVersion(
  { versioning, deploymentName, buildId }: WorkerConfig,
  parts: VersionedParts,
): Promise<WorkerVersion | undefined> {
  if (versioning === 'off') return undefined;
  const isPinned = versioning === 'pinned';
  return {
    deploymentName,
    buildId: buildId ?? (await buildIdOf(isPinned ? parts : undefined)),
    behavior: isPinned ? 'PINNED' : 'AUTO_UPGRADE',
  };
}

/** By content: of the workflow bundle, and of these agents. */
export async function buildIdOf(parts: VersionedParts | undefined): Promise<string> {
  const hash = createHash('sha256').update(await bundleDigest(await workflowBundle()));
  const digests =
    parts?.agents.map((agent) => agentDigest(agentDefinition(agent, parts.deployment, parts.people))) ?? [];
  for (const digest of digests.toSorted()) hash.update(digest);
  return hash.digest('hex').slice(0, BUILD_ID_CHARACTERS);
}

export const deploymentOptions = ({ deploymentName, buildId, behavior }: WorkerVersion): WorkerDeploymentOptions => ({
  version: { deploymentName, buildId },
  useWorkerVersioning: true,
  defaultVersioningBehavior: behavior,
});
