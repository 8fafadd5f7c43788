/** Another agent's definition as a run pins it: under the deployment's rules that the run has pinned. */
import { policyDigest } from '../domain/policy/compile.ts';
import { policyLayerSchema } from '../domain/policy/policy-schema.ts';
import type { AgentDefinition } from '../domain/schemas/agent.ts';

const isDeployment = (layer: unknown): boolean => (layer as { readonly name?: unknown }).name === 'deployment';

export const underRulesOf = (run: AgentDefinition, agent: AgentDefinition): AgentDefinition => {
  const policy = [...run.policy.filter(isDeployment), ...agent.policy];
  return { ...agent, policy, policyDigest: policyDigest(policyLayerSchema.array().parse(policy)) };
};
