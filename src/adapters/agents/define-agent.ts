import { argumentsChecker } from '../../domain/arguments/answer-schema.ts';
import { canonicalJson } from '../../domain/arguments/canonical-json.ts';
import type { JsonValue } from '../../domain/arguments/json-value.ts';
import { digestOf } from '../../domain/core/digest.ts';
import { compilePolicy } from '../../domain/policy/compile.ts';
import type { PolicyLayerInput, RuleInput } from '../../domain/policy/policy-schema.ts';
import { undeclaredNames } from '../../domain/prompt-variables.ts';
import type { KnownPeople } from '../../domain/policy/quorum-faults.ts';
import { AgentDefinition, Execution } from '../../domain/schemas/agent.ts';
import type { ToolDefinition } from '../../domain/schemas/agent.ts';
import { DEFAULT_REQUEST_TIMEOUT_MS, classicFaults } from './classic-faults.ts';
import { McpServers } from '../mcp/server-options.ts';
import type { McpServerOptions } from '../mcp/server-options.ts';
import type { ModelPort } from '../models/model-port.ts';
import { ModelParameters } from '../models/model-port.ts';
import { OWN_PREFIXES } from '../models/model-registry.ts';
import { DefinitionError } from '../tools/definition-error.ts';
import { transferTool } from '../tools/built-in/transfer-tool.ts';
import { toolDefinition } from '../tools/tool-definition.ts';
import type { SubAgent, Tool } from '../tools/tool.ts';

type DefinitionInput = typeof AgentDefinition._zod.input;

/** An agent as code: its declaration, and the tools and scripts that only a process can hold. */
export interface AgentSource {
  readonly name: string;
  readonly description: string;
  readonly model: string;
  /** Asked in this order once the one before has failed for good. */
  readonly fallbackModels: readonly string[];
  readonly parameters: ModelParameters;
  /** `{{name}}` stands for a variable, `{{run.date}}`, `{{run.time}}`, `{{run.weekday}}`, `{{run.timezone}}` for the start. */
  readonly instructions: string;
  /** Values that each start of a run gives, by name. */
  readonly variables?: DefinitionInput['variables'];
  readonly tools: readonly Tool[];
  /** Agents that go on with the run, in this order, each once the one before is done. */
  readonly following?: readonly SubAgent[];
  /** Of a sequence: readers of the run are shown the words of its last agent only. */
  readonly hideIntermediate?: boolean;
  /** MCP servers by name, whose tools it has, too: `github` gives `github_create_issue`. */
  readonly mcpServers: Readonly<Record<string, McpServerOptions>>;
  /** Rules of the agent layer. */
  readonly policy: readonly RuleInput[];
  /** JSON Schema of the last message, which is then JSON. */
  readonly output?: DefinitionInput['output'];
  readonly contract: DefinitionInput['contract'];
  readonly limits: DefinitionInput['limits'];
  /**
   * What drives its runs. `durable`: a workflow, which waits for people and survives every process. `classic`: the request
   * that asks for it, for agents whose every call is allowed.
   * @default 'durable'
   */
  readonly execution: Execution;
  /** Models under `scripted/<name>` that come with the agent. */
  readonly scripts: Readonly<Record<string, ModelPort>>;
  /** Providers that the agent brings, by prefix: `{ acme: port }` serves every model `acme/…`. */
  readonly providers: Readonly<Record<string, ModelPort>>;
}

export type AgentOptions = Pick<AgentSource, 'name' | 'model' | 'instructions'> &
  Partial<AgentSource> & {
    /** Agents that it may hand the rest of its run to; each is a tool. With a description or rules of its own: `transferTo`. */
    readonly transfers?: readonly AgentSource[];
    /** Agents that go on with the run, in this order, each once the one before is done. */
    readonly sequence?: readonly AgentSource[];
  };

/** An agent as another one names it: pinned with that one's definition. */
export const calledAgent = (source: AgentSource): SubAgent => {
  const definition = agentDefinition(source, undefined);
  return { source, definition, digest: agentDigest(definition) };
};

/** Defines an agent. Throws a {@link DefinitionError} that names every fault by its path. */
export function defineAgent(options: AgentOptions): AgentSource {
  const { transfers = [], sequence = [], tools = [], ...given } = options;
  const source: AgentSource = Object.freeze({
    description: '',
    fallbackModels: [],
    parameters: {},
    mcpServers: {},
    policy: [],
    contract: { artifacts: [] },
    limits: {},
    execution: 'durable',
    scripts: {},
    providers: {},
    ...given,
    tools: [...tools, ...transfers.map((agent) => transferTool(calledAgent(agent)))],
    ...(sequence.length > 0 && { following: sequence.map(calledAgent) }),
  });
  // The deployment's rules come later; everything else that can be wrong is wrong now.
  agentDefinition(source, undefined);
  return source;
}

/**
 * What is pinned when a run starts: tools with their digests, and the policy layers of deployment, agent and tools.
 * The deployment's rules, and the people it knows, are the worker's to give; undefined: they come later. Throws a
 * {@link DefinitionError}.
 */
export function agentDefinition(
  source: AgentSource,
  deployment: readonly RuleInput[] | undefined,
  people: KnownPeople = {},
  discovered: readonly ToolDefinition[] = [],
): AgentDefinition {
  const at = (path: readonly PropertyKey[], message: string): string =>
    `agents.${source.name}${path.map((segment) => `.${String(segment)}`).join('')}: ${message}`;
  const faults: string[] = [];
  const { following = [] } = source;
  for (const { source: called } of [...source.tools.flatMap(({ agent }) => agent ?? []), ...following])
    for (const name of missingVariables(source, called))
      faults.push(at(['variables'], `${called.name} needs ${name}, which has no default`));
  const names = [...source.tools, ...discovered].map((tool) => tool.name);
  for (const name of duplicates(names)) faults.push(at(['tools'], `two tools are called ${name}`));
  for (const { definition: one } of following)
    if (one.sequence) faults.push(at(['sequence'], `${one.name} is a sequence itself`));
  if (source.execution === 'classic' && following.length > 0)
    faults.push(at(['sequence'], 'agents that follow may wait for people: that is not for classic execution'));
  if (source.hideIntermediate && following.length === 0)
    faults.push(at(['hideIntermediate'], 'is for a sequence of agents'));
  for (const { name, compensation } of source.tools) {
    const fault = compensationFault(source.tools, name, compensation);
    if (fault !== undefined) faults.push(at(['tools', name, 'compensation'], fault));
  }
  const servers = McpServers.safeParse(source.mcpServers);
  for (const issue of servers.error?.issues ?? []) faults.push(at(['mcpServers', ...issue.path], issue.message));
  for (const prefix of Object.keys(source.providers).filter((one) => OWN_PREFIXES.includes(one)))
    faults.push(at(['providers', prefix], 'this prefix is taken'));
  if (source.output && !argumentsChecker({ source: 'agent', inputSchema: source.output }))
    faults.push(at(['output'], 'is no JSON Schema that an answer can be checked by'));
  const parameters = ModelParameters.safeParse(source.parameters);
  for (const issue of parameters.error?.issues ?? []) faults.push(at(['parameters', ...issue.path], issue.message));

  const layers = layersOf(source, deployment ?? []);
  const isClassic = source.execution === 'classic';
  if (isClassic) {
    const known = { deployment: deployment ? 'known' : 'to_come' } as const;
    const all = [...source.tools, ...discovered];
    for (const { path, message } of classicFaults(all, layers, known)) faults.push(at(path, message));
  } else if (!Execution.safeParse(source.execution).success) {
    faults.push(at(['execution'], 'must be durable or classic'));
  } else if (source.limits.requestTimeoutMs !== undefined) {
    faults.push(
      at(['limits', 'requestTimeoutMs'], 'only runs of classic execution have a request that waits for them'),
    );
  }

  const policy = compilePolicy(layers, people);
  if (!policy.ok) {
    for (const fault of policy.faults) faults.push(at(['policy'], `${fault.path} ${fault.message}`));
    throw new DefinitionError(faults);
  }
  const definition = AgentDefinition.safeParse(
    plain({
      v: 1,
      name: source.name,
      description: source.description,
      model: source.model,
      ...(source.fallbackModels.length > 0 && { fallbackModels: source.fallbackModels }),
      parameters: source.parameters,
      instructions: source.instructions,
      ...(source.variables && { variables: source.variables }),
      tools: [...source.tools.map(toolDefinition), ...discovered],
      policy: policy.layers,
      policyDigest: policy.digest,
      ...(source.output && { output: source.output }),
      ...(following.length > 0 && {
        sequence: following.map(({ definition: { name }, digest }) => ({ agent: name, agentDigest: digest })),
        ...(source.hideIntermediate && { hideIntermediate: true }),
      }),
      contract: source.contract,
      limits: isClassic ? { requestTimeoutMs: DEFAULT_REQUEST_TIMEOUT_MS, ...source.limits } : source.limits,
      ...(isClassic && { execution: 'classic' }),
    }),
  );
  for (const name of definition.success ? undeclaredNames(definition.data) : [])
    faults.push(at(['instructions'], `{{${name}}} is not among the variables`));
  for (const issue of definition.error?.issues ?? []) faults.push(at(issue.path, issue.message));
  if (faults.length > 0 || !definition.success) throw new DefinitionError(faults);
  return definition.data;
}

/** The digest that a signed start command names. */
export const agentDigest = (definition: AgentDefinition): string => digestOf(canonicalJson(plain(definition)));

/** Deployment, agent and tool layer, without empty ones. A tool's own rules apply to that tool. */
function layersOf(source: AgentSource, deployment: readonly RuleInput[]): PolicyLayerInput[] {
  const ofTools = source.tools.flatMap((tool) => tool.policy.map((rule): RuleInput => ({ ...rule, match: tool.name })));
  const layers: PolicyLayerInput[] = [
    { name: 'deployment', rules: [...deployment] },
    { name: 'agent', rules: [...source.policy] },
    { name: 'tool', rules: ofTools },
  ];
  return layers.filter((layer) => layer.rules.length > 0);
}

/** Nobody starts an agent that is called, so nobody gives it values: they come from the one before, or are its own. */
const missingVariables = (source: AgentSource, called: AgentSource): readonly string[] =>
  Object.entries(called.variables ?? {}).flatMap(([name, one]) =>
    one.default === undefined && !Object.hasOwn(source.variables ?? {}, name) ? [name] : [],
  );

/** What undoes a call is another tool of the agent that the gate can execute. */
function compensationFault(tools: readonly Tool[], name: string, compensation: string | undefined): string | undefined {
  if (compensation === undefined) return undefined;
  if (compensation === name) return 'a tool cannot undo itself';
  const other = tools.find((tool) => tool.name === compensation);
  if (other === undefined) return `the agent has no tool ${compensation}`;
  return other.role === undefined ? undefined : `${compensation} undoes nothing`;
}

const duplicates = (names: readonly string[]): string[] => [
  ...new Set(names.filter((name, index) => names.indexOf(name) !== index)),
];

/** Definitions in code may hold undefined for what they leave out; what is digested and stored may not. */
function plain(value: object): JsonValue {
  const copy: JsonValue = JSON.parse(JSON.stringify(value));
  return copy;
}
