/** What policy would say of a call that nobody has made. */
import type { PolicySimulation, SimulatePolicy } from '../../contract/policy.ts';
import type { JsonValue } from '../../domain/arguments/json-value.ts';
import { todaysOpinion, todaysVerdict } from '../../domain/consent/todays-verdict.ts';
import { compilePolicy } from '../../domain/policy/compile.ts';
import type { CompiledLayer } from '../../domain/policy/compile.ts';
import { evaluatePolicy } from '../../domain/policy/evaluate.ts';
import type { MatchedRule } from '../../domain/policy/evaluate.ts';
import { POLICY_LAYER_NAMES } from '../../domain/policy/policy-schema.ts';
import { describedCallSchema, describedFacts } from '../../domain/policy/simulate.ts';
import type { AgentDefinition } from '../../domain/schemas/agent.ts';
import type { Scope } from '../../domain/schemas/names.ts';
import { currentAgent } from '../../store/definitions.ts';
import { currentPolicyLayers } from '../../store/policy-layers.ts';
import { definedOnly } from '../defined-only.ts';
import type { Api } from '../dependencies.ts';
import { HttpProblem } from '../http-problem.ts';
import { readProposedLayers, withProposed } from './proposed-layers.ts';

type Asked = PolicySimulation['layers'][number];

/** Throws `unknown_agent` and `invalid_policy`. */
export async function simulatePolicy(api: Api, scope: Scope, request: SimulatePolicy): Promise<PolicySimulation> {
  const proposed = request.layers === undefined ? [] : readProposedLayers(api, request.layers).compiled;
  const agent = request.agent === undefined ? undefined : await agentPolicy(api, scope, request.agent);
  const pinned = withProposed(agent?.layers ?? [], proposed);
  const today = (agent?.today ?? []).filter(
    (layer) =>
      !proposed.some(({ name, mode }) => name === layer.name && (mode === 'shadow') === (layer.mode === 'shadow')),
  );
  const facts = factsOf(request, agent?.definition);
  const { matched } = evaluatePolicy(pinned, facts);
  const ofToday = todaysOpinion(pinned, today, facts)?.matched ?? [];
  const all = [...matched, ...ofToday.filter(({ layer }) => layer === 'deployment' || layer === 'project')];
  const asked = [
    ...pinned.map((layer) => askedLayer(layer, proposed.includes(layer) ? 'proposed' : 'agent')),
    ...today.map((layer) => askedLayer(layer, 'today')),
  ];
  return {
    verdict: todaysVerdict(pinned, today, facts),
    matched: all.map(matchedView),
    layers: asked.toSorted((a, b) => rankOf(a) - rankOf(b)),
  };
}

interface AgentPolicy {
  readonly definition: AgentDefinition;
  readonly layers: readonly CompiledLayer[];
  readonly today: readonly CompiledLayer[];
}

async function agentPolicy(api: Api, scope: Scope, name: string): Promise<AgentPolicy> {
  const [agent, current] = await Promise.all([
    currentAgent(api.store, scope, name),
    currentPolicyLayers(api.store, scope),
  ]);
  if (!agent) throw new HttpProblem('unknown_agent');
  const pinned = compilePolicy(agent.definition.policy);
  const today = compilePolicy(current);
  if (!pinned.ok || !today.ok) throw new Error('A stored policy does not compile with this version');
  return { definition: agent.definition, layers: pinned.compiled, today: today.compiled };
}

function factsOf(request: SimulatePolicy, definition: AgentDefinition | undefined) {
  const { tool: name, effect, source, annotations, requester, run, usage } = request;
  const known = definition?.tools.find((tool) => tool.name === name);
  if (definition && !known) {
    const errors = [{ in: 'body', pointer: '/tool', detail: 'is no tool of this agent' }];
    throw new HttpProblem('invalid_request', { extras: { errors } });
  }
  const described = {
    tool: {
      ...{ name, effect: effect ?? known?.effect, source: source ?? known?.source },
      annotations: annotations ?? known?.annotations,
    },
    args: request.arguments,
    requester,
    run: { ...run, ...(request.agent !== undefined && { agent: request.agent }) },
    usage,
  };
  const call = describedCallSchema.safeParse(plain(described));
  if (call.success) return describedFacts(call.data);
  const errors = call.error.issues.map(({ path, message }) => ({
    in: 'body',
    pointer: `/${path.map(String).join('/').replace(/^args/, 'arguments')}`,
    detail: message,
  }));
  throw new HttpProblem('invalid_request', { extras: { errors } });
}

/** Parsed bodies hold undefined for what was left out; facts may not. */
const plain = (value: object): JsonValue => JSON.parse(JSON.stringify(definedOnly(value))) as JsonValue;

const askedLayer = ({ name, mode, rules }: CompiledLayer, source: Asked['source']): Asked => ({
  name,
  mode,
  rules: rules.length,
  source,
});

const rankOf = ({ name }: Asked): number => POLICY_LAYER_NAMES.findIndex((one) => one === name);

const matchedView = ({ layer, ruleId, effect, errored, overridden }: MatchedRule) => ({
  layer,
  ruleId,
  effect,
  errored: errored === true,
  overridden: overridden === true,
});
