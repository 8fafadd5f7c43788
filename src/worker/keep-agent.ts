/** Puts an agent's definition into the store, and those of the agents that it calls. */
import { agentDefinition, agentDigest } from '../adapters/agents/define-agent.ts';
import type { AgentSource } from '../adapters/agents/define-agent.ts';
import { DefinitionError } from '../adapters/tools/definition-error.ts';
import type { SubAgent } from '../adapters/tools/tool.ts';
import { compilePolicy } from '../domain/policy/compile.ts';
import { policyLayerSchema } from '../domain/policy/policy-schema.ts';
import type { RuleInput } from '../domain/policy/policy-schema.ts';
import type { KnownPeople } from '../domain/policy/quorum-faults.ts';
import type { AgentDefinition } from '../domain/schemas/agent.ts';
import type { Scope } from '../domain/schemas/names.ts';
import type { Store } from '../store/database.ts';
import { keepDefinition, putDefinition } from '../store/definitions.ts';
import type { DiscoveredAgent } from './discover-agent.ts';

export interface Deployment {
  readonly rules: readonly RuleInput[];
  readonly people: KnownPeople;
}

/** What runs of an agent need. */
export interface DeployedAgent {
  readonly definition: AgentDefinition;
  readonly called: readonly SubAgent[];
}

const calledBy = ({ tools, following = [] }: AgentSource): readonly SubAgent[] =>
  [...tools.flatMap(({ agent }) => agent ?? []), ...following].flatMap((one) => [one, ...calledBy(one.source)]);

/** Throws a {@link DefinitionError} where the agent, or one that it calls, does not fit the deployment. */
export const deployedAgent = ({ rules, people }: Deployment, agent: DiscoveredAgent): DeployedAgent => {
  const definition = agentDefinition(agent.source, rules, people, agent.discovered);
  const called = calledBy(agent.source);
  const faults = called.flatMap(({ definition: { name, policy } }) => {
    const layers = policyLayerSchema.array().parse(policy);
    const compiled = compilePolicy([{ name: 'deployment', rules: [...rules] }, ...layers], people);
    return compiled.ok ? [] : compiled.faults.map(({ path, message }) => `agents.${name}.policy: ${path} ${message}`);
  });
  if (faults.length > 0) throw new DefinitionError(faults);
  return { definition, called };
};

/**
 * New runs are started with this definition. Agents that are called are kept for the gate, under the rules of no
 * deployment: those of the caller's run will hold.
 */
export const keepAgent = async (store: Store, scope: Scope, { definition, called }: DeployedAgent): Promise<void> => {
  for (const one of called) await keepDefinition(store, scope, one.definition, one.digest);
  await putDefinition(store, scope, definition, agentDigest(definition));
};
