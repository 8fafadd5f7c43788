/** What an agent of classic execution cannot have: whatever has to wait for a person. */
import { isAnsweredByPeople } from '../../domain/core/tool-roles.ts';
import { compilePolicy } from '../../domain/policy/compile.ts';
import type { CompiledLayer } from '../../domain/policy/compile.ts';
import type { PolicyLayerInput } from '../../domain/policy/policy-schema.ts';
import { toolStanding } from '../../domain/policy/tool-standing.ts';
import type { ToolDefinition } from '../../domain/schemas/agent.ts';

/** How long a run may take from its request to its end, where the agent does not say: less than the five minutes that common clients wait for an answer. */
export const DEFAULT_REQUEST_TIMEOUT_MS = 240_000;

type NamedTool = Pick<ToolDefinition, 'name' | 'role' | 'queue'>;

interface Fault {
  readonly path: readonly string[];
  readonly message: string;
}

const NOBODY = 'and an agent of classic execution has nobody to wait for';

/** Said once, as far as the layers that are given are all there are. */
const alwaysAsks = (layers: readonly CompiledLayer[], tool: string): boolean => {
  const mayBeGranted = layers.some(({ rules }) => rules.some((one) => one.matchesTool(tool) && one.rule.grantable));
  return toolStanding(layers, tool) === 'asks' && !mayBeGranted;
};

/** Allows everything: what still asks with it asks whatever the deployment says. */
const MOST_LENIENT: PolicyLayerInput = {
  name: 'deployment',
  rules: [{ id: 'allow-all', match: '*', effect: 'allow' }],
};

/** `deployment`: whether its layer is among them. Its rules come later where an agent is only defined. */
export const classicFaults = (
  tools: readonly NamedTool[],
  layers: readonly PolicyLayerInput[],
  { deployment }: { readonly deployment: 'known' | 'to_come' },
): readonly Fault[] => {
  const compiled = compilePolicy(deployment === 'known' ? [...layers] : [MOST_LENIENT, ...layers]);
  if (!compiled.ok) return [];
  return tools.flatMap(({ name, role, queue }): Fault[] => {
    if (isAnsweredByPeople(role)) return [{ path: ['tools', name], message: `waits for a person, ${NOBODY}` }];
    if (role === 'transfer')
      return [{ path: ['tools', name], message: `hands the run to an agent that may wait for people, ${NOBODY}` }];
    if (role === 'agent') return [{ path: ['tools', name], message: `waits for another agent, ${NOBODY}` }];
    if (queue) return [{ path: ['tools', name], message: `waits for a worker of ${queue.name}, ${NOBODY}` }];
    if (!alwaysAsks(compiled.compiled, name)) return [];
    return [{ path: ['tools', name], message: `policy asks for each of its calls, ${NOBODY}` }];
  });
};
