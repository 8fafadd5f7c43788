/** Puts together what the steps need, and registers the agents of this worker in the store. */
import type { StepDependencies } from '../activities/dependencies.ts';
import { agentDefinition, agentDigest } from '../adapters/agents/define-agent.ts';
import type { AgentSource } from '../adapters/agents/define-agent.ts';
import { createModels } from '../adapters/models/model-registry.ts';
import type { ModelsConfig } from '../adapters/models/model-registry.ts';
import { toolDefinition } from '../adapters/tools/tool-definition.ts';
import { DefinitionError } from '../adapters/tools/definition-error.ts';
import type { SubAgent, Tool } from '../adapters/tools/tool.ts';
import { openWorkspace } from '../adapters/workspace/workspace.ts';
import { compilePolicy } from '../domain/policy/compile.ts';
import { policyLayerSchema } from '../domain/policy/policy-schema.ts';
import type { RuleInput } from '../domain/policy/policy-schema.ts';
import type { KnownPeople } from '../domain/policy/quorum-faults.ts';
import type { Scope } from '../domain/schemas/names.ts';
import type { Clock } from '../platform/clock.ts';
import type { Logger } from '../platform/logger.ts';
import type { TrustedKeys } from '../platform/signing-keys.ts';
import type { Store } from '../store/database.ts';
import { keepDefinition, putDefinition } from '../store/definitions.ts';

export interface WorkerParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly trust: TrustedKeys;
  readonly agents: readonly AgentSource[];
  readonly models: ModelsConfig;
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
    scripts: Object.assign({}, ...allAgents(agents).map((one) => one.scripts)),
  });
  const tools = new Map<string, Tool>(
    allAgents(agents).flatMap((agent) =>
      agent.tools.map((tool) => [toolDefinition(tool).definitionDigest, tool] as const),
    ),
  );
  return {
    store,
    clock,
    logger,
    trust,
    tools,
    resolveModel: models.resolve,
    maxActiveRunsPerRequester: parts.maxActiveRunsPerRequester,
    openWorkspace: (scope, runId) => openWorkspace({ root: workspacesRoot, scope, runId, forbidden }),
  };
};

type WithTools = Pick<AgentSource, 'tools' | 'scripts'>;

/** With the agents that they call, and those that these call. */
const allAgents = (agents: readonly WithTools[]): readonly WithTools[] =>
  agents.flatMap((one) => [one, ...allAgents(subAgentsOf(one))]);

const subAgentsOf = ({ tools }: WithTools): readonly SubAgent[] => tools.flatMap(({ agent }) => agent ?? []);

/** Agents that are called are kept for the gate, under the rules of no deployment: those of the caller's run will hold. */
const keepSubAgents = async (
  store: Store,
  scope: Scope,
  caller: WithTools,
  deployment: readonly RuleInput[],
  people: KnownPeople,
): Promise<void> => {
  for (const agent of subAgentsOf(caller)) {
    const { definition, digest } = agent;
    const layers = policyLayerSchema.array().parse(definition.policy);
    const policy = compilePolicy([{ name: 'deployment', rules: [...deployment] }, ...layers], people);
    if (!policy.ok)
      throw new DefinitionError(
        policy.faults.map(({ path, message }) => `agents.${definition.name}.policy: ${path} ${message}`),
      );
    await keepDefinition(store, scope, definition, digest);
    await keepSubAgents(store, scope, agent, deployment, people);
  }
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
    await keepSubAgents(store, scope, source, deployment, people);
  }
};
