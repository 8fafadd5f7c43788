/** Puts together what the steps need, and registers the agents of this worker in the store. */
import type { StepDependencies } from '../activities/dependencies.ts';
import { agentDefinition, agentDigest } from '../adapters/agents/define-agent.ts';
import type { AgentSource } from '../adapters/agents/define-agent.ts';
import { createModels } from '../adapters/models/model-registry.ts';
import { loadPrices } from '../adapters/models/price-table.ts';
import type { ModelsConfig } from '../adapters/models/model-registry.ts';
import { toolDefinition } from '../adapters/tools/tool-definition.ts';
import type { Tool } from '../adapters/tools/tool.ts';
import { openWorkspace } from '../adapters/workspace/workspace.ts';
import type { PriceTable } from '../domain/prices.ts';
import type { RuleInput } from '../domain/policy/policy-schema.ts';
import type { KnownPeople } from '../domain/policy/quorum-faults.ts';
import type { Scope } from '../domain/schemas/names.ts';
import type { Clock } from '../platform/clock.ts';
import type { Logger } from '../platform/logger.ts';
import type { TrustedKeys } from '../platform/signing-keys.ts';
import type { Store } from '../store/database.ts';
import { putDefinition } from '../store/definitions.ts';

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
}

export const stepDependencies = (parts: WorkerParts): StepDependencies => {
  const { store, clock, logger, trust, agents, workspacesRoot, forbidden } = parts;
  const models = createModels({
    config: parts.models,
    scripts: Object.assign({}, ...agents.map((one) => one.scripts)),
    providers: Object.assign({}, ...agents.map((one) => one.providers)),
  });
  const tools = new Map<string, Tool>(
    agents.flatMap((agent) => agent.tools.map((tool) => [toolDefinition(tool).definitionDigest, tool] as const)),
  );
  return {
    store,
    clock,
    logger,
    trust,
    tools,
    prices: parts.prices ?? loadPrices(parts.models.pricesFile),
    resolveModel: models.resolve,
    maxActiveRunsPerRequester: parts.maxActiveRunsPerRequester,
    openWorkspace: (scope, runId) => openWorkspace({ root: workspacesRoot, scope, runId, forbidden }),
  };
};

/** Makes the agents known to the bridge: new runs are started with these definitions. */
export const registerAgents = async (
  store: Store,
  scope: Scope,
  agents: readonly AgentSource[],
  deployment: readonly RuleInput[],
  people: KnownPeople = {},
): Promise<void> => {
  for (const source of agents) {
    const definition = agentDefinition(source, deployment, people);
    await putDefinition(store, scope, definition, agentDigest(definition));
  }
};
