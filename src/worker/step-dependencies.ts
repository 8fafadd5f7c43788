/** Puts together what the steps need. */
import type { StepDependencies } from '../activities/dependencies.ts';
import type { AgentSource } from '../adapters/agents/define-agent.ts';
import { environmentCredentials } from '../adapters/credentials/environment-credentials.ts';
import type { CredentialProvider } from '../adapters/credentials/credential-provider.ts';
import { openMcpServers } from '../adapters/mcp/mcp-servers.ts';
import type { WorkerMcpServers } from '../adapters/mcp/mcp-servers.ts';
import { loadPrices } from '../adapters/models/price-table.ts';
import type { ModelsConfig } from '../adapters/models/model-registry.ts';
import { runsPrograms } from '../adapters/tools/command/run-command.ts';
import { DefinitionError } from '../adapters/tools/definition-error.ts';
import { openWorkspace } from '../adapters/workspace/workspace.ts';
import type { PriceTable } from '../domain/prices.ts';
import type { Clock } from '../platform/clock.ts';
import type { Logger } from '../platform/logger.ts';
import { createGuardedFetch } from '../platform/outgoing/guarded-fetch.ts';
import type { TrustedKeys } from '../platform/signing-keys.ts';
import type { Store } from '../store/database.ts';
import { allAgents } from './all-agents.ts';
import { holdAgents } from './held-agents.ts';
import type { HeldAgents } from './held-agents.ts';

export interface WorkerParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly trust: TrustedKeys;
  readonly agents: readonly AgentSource[];
  readonly models: ModelsConfig;
  /** In place of the table of this version and the configured file. */
  readonly prices?: PriceTable;
  readonly workspacesRoot: string;
  /** Directories that no workspace may lie in or around. */
  readonly forbidden: readonly string[];
  /** How many runs of one requester may be active at a time in a tenant; no limit without. */
  readonly maxActiveRunsPerRequester?: number | undefined;
  /** Private addresses that tools may call, as in the configuration. None without. */
  readonly allowedPrivateHosts?: readonly string[];
  /** Where the secrets are that tools name. None without. */
  readonly credentials?: CredentialProvider;
  /** Whether agents may have tools that run programs on this machine. Not without. */
  readonly allowCommands?: boolean;
}

export interface WorkerSteps extends StepDependencies {
  readonly servers: WorkerMcpServers;
}

export const stepDependencies = (parts: WorkerParts, known?: HeldAgents): WorkerSteps => {
  const { store, clock, logger, trust, agents, workspacesRoot, forbidden } = parts;
  if (!parts.allowCommands) refuseCommands(agents);
  const held = known ?? holdAgents(agents, parts.models);
  const fetch = createGuardedFetch(parts.allowedPrivateHosts ?? []);
  const credentials = parts.credentials ?? environmentCredentials(new Map());
  const servers = openMcpServers({ agents: allAgents(agents), fetch, credentials, logger });
  return {
    store,
    clock,
    logger,
    trust,
    tools: held.tools,
    servers,
    serverTool: servers.tool,
    credentials,
    fetch,
    prices: parts.prices ?? loadPrices(parts.models.pricesFile),
    resolveModel: held.resolveModel,
    maxActiveRunsPerRequester: parts.maxActiveRunsPerRequester,
    openWorkspace: (scope, runId) => openWorkspace({ root: workspacesRoot, scope, runId, forbidden }),
  };
};

/** What runs programs is for the deployment to allow, not for whoever writes an agent. */
export const refuseCommands = (agents: readonly AgentSource[]): void => {
  const faults = allAgents(agents).flatMap(({ name, tools }) =>
    tools.filter(runsPrograms).map((tool) => `agents.${name}.tools.${tool.name}: runs programs; ${HOW_TO_ALLOW}`),
  );
  if (faults.length > 0) throw new DefinitionError(faults);
};

/** A call on the queue of agents would find workers that know nothing of its tool. */
export const refuseOwnQueue = (agents: readonly AgentSource[], taskQueues: readonly string[]): void => {
  const faults = allAgents(agents).flatMap(({ name, tools }) =>
    tools
      .filter(({ queue }) => queue !== undefined && taskQueues.includes(queue.name))
      .map(
        (tool) =>
          `agents.${name}.tools.${tool.name}.taskQueue: ${tool.queue?.name ?? ''} is the queue of the agents themselves`,
      ),
  );
  if (faults.length > 0) throw new DefinitionError(faults);
};

const HOW_TO_ALLOW = 'set COUNTERSIGN_ALLOW_COMMANDS=true where that is meant';
