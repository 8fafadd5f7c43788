import { z } from 'zod';
import { AgentName, CredentialRef, Digest, ToolName } from './names.ts';
import { ToolRole } from './tool-role.ts';
import { TaskQueueName } from './tool-task.ts';

/** What a tool does to the world. Undeclared means `once`. */
export const ToolEffect = z.enum(['none', 'idempotent', 'once']);
export type ToolEffect = z.infer<typeof ToolEffect>;

/** What the source of a tool of an MCP server starts with; the server's name follows. */
export const SERVER_SOURCE = 'mcp:';
/** Whether somebody else describes the tool, and its schema is to be handled with care. */
export const isOfServer = (source: string): boolean => source.startsWith(SERVER_SOURCE);

/** What the source of a tool starts with that workers of another task queue carry out; the queue's name follows. */
export const QUEUE_SOURCE = 'queue:';

/** The task queue whose workers carry out a tool, and how long a call may wait for one of them. */
export const ToolQueue = z.strictObject({ name: TaskQueueName, startWithinMs: z.number().int().positive() });
export type ToolQueue = z.infer<typeof ToolQueue>;

/** JSON Schema or policy rules: plain JSON whose shape another schema checks. */
const PlainJson = z.record(z.string(), z.unknown());

/** A tool as pinned with a run: what the model sees and what the gate compares with the worker's own. */
export const ToolDefinition = z.strictObject({
  name: ToolName,
  source: z.string().min(1).max(100),
  description: z.string().max(8192),
  inputSchema: PlainJson,
  effect: ToolEffect,
  timeoutMs: z.number().int().positive(),
  /** Absent: the gate's own worker carries it out. */
  queue: ToolQueue.optional(),
  annotations: PlainJson.optional(),
  role: ToolRole.optional(),
  /** `agent`: digest of the agent's own definition, which the deployment's rules are added to when its run starts. */
  agentDigest: Digest.optional(),
  /** The tool that undoes what this one did. Offered to people, never called by itself. */
  compensation: ToolName.optional(),
  /** The secret that it uses, by name. Consent binds to the name. */
  credentialRef: CredentialRef.optional(),
  /** SHA-256 over name, source, description, schema, annotations and effect, and the agent's digest where it has one. */
  definitionDigest: Digest,
});
export type ToolDefinition = z.infer<typeof ToolDefinition>;

/** What a queue's worker and Temporal take beside waiting and working: both limits are over before the step's is. */
const QUEUE_MARGIN_MS = 60_000;

/** How long the step of a call may take: on another task queue the wait for its worker counts, too. */
export const stepTimeoutMs = ({ timeoutMs, queue }: Pick<ToolDefinition, 'timeoutMs' | 'queue'>): number =>
  queue ? queue.startWithinMs + timeoutMs + QUEUE_MARGIN_MS : timeoutMs;

/** A file that must exist in the run's workspace before the run may complete. */
export const ArtifactContract = z.strictObject({
  path: z.string().min(1).max(500),
  minBytes: z.number().int().nonnegative().default(1),
});
export type ArtifactContract = z.infer<typeof ArtifactContract>;

/** What a run may use before somebody is asked whether it may go on. Input and output are tokens alike. */
export const Budget = z.strictObject({
  turns: z.number().int().positive().optional(),
  tokens: z.number().int().positive().optional(),
  /** Millionths of a unit, by currency. */
  costMicros: z.record(z.string().regex(/^[A-Z]{3}$/), z.number().int().positive()).optional(),
});
export type Budget = z.infer<typeof Budget>;

/** Named limits of a run. */
export const RunLimits = z.strictObject({
  maxTurns: z.number().int().positive().max(10_000).default(100),
  maxToolCallsPerTurn: z.number().int().positive().max(64).default(64),
  maxConcurrentTools: z.number().int().positive().max(16).default(16),
  /** How often a run that ends without its artifacts is told what is missing. */
  repairTurns: z.number().int().nonnegative().max(10).default(2),
  maxModelAttempts: z.number().int().positive().max(100).default(8),
  /** Approvals of a run that may pend at once; calls beyond are answered with an error. */
  maxPending: z.number().int().positive().max(64).default(20),
  /** Rejections of one tool after which the run parks. */
  maxRejections: z.number().int().positive().max(100).default(3),
  /** How deep below this run sub-runs may go. Of a tree of runs, the root's limit holds. */
  maxDepth: z.number().int().nonnegative().max(16).default(4),
  /** Sub-runs at all depths, counted over the whole run. The root's limit holds. */
  maxSubRuns: z.number().int().nonnegative().max(1_000).default(50),
  /** Calls that hand the run to another agent. The limit of the agent that the run was started with holds. */
  maxTransfers: z.number().int().nonnegative().max(100).default(5),
  /** Absent: nobody is asked. With `turns`, `maxTurns` does not count. */
  budget: Budget.optional(),
  /** The conversation is summed up once a turn fills so much of the model's window. Absent: once the provider refuses it. */
  compactAtPercent: z.number().int().min(10).max(95).optional(),
  /** The model's window, where the table of prices does not know it. */
  contextTokens: z.number().int().positive().optional(),
  modelStepTimeoutMs: z.number().int().positive().default(3_600_000),
  /** Of classic execution only: how long a run may take from its request to its end. */
  requestTimeoutMs: z.number().int().positive().max(3_600_000).optional(),
});
export type RunLimits = z.infer<typeof RunLimits>;

/** A `{{name}}` in the instructions, to which each start of a run gives a value. */
export const PromptVariable = z.strictObject({
  description: z.string().max(500).optional(),
  /** Absent: a start must give one. */
  default: z.string().max(4_000).optional(),
  /** The only ones that are allowed. */
  values: z.array(z.string().max(4_000)).min(1).max(100).optional(),
});
export type PromptVariable = z.infer<typeof PromptVariable>;

export const PromptVariableName = z.string().regex(/^[a-z][A-Za-z0-9_]{0,62}$/);

/** `provider/model`, for example `openai/gpt-5`. */
const ModelId = z.string().regex(/^[a-z0-9-]+\/.{1,200}$/);

/** What drives an agent's runs: a workflow, which waits for people as long as it takes, or the request that asks for it. */
export const Execution = z.enum(['durable', 'classic']);
export type Execution = z.infer<typeof Execution>;

/** An agent as pinned by digest when a run starts. Editing the agent never changes a run. */
export const AgentDefinition = z.strictObject({
  v: z.literal(1),
  name: AgentName,
  description: z.string().max(2000).default(''),
  model: ModelId,
  /** Asked in this order, once the one before has failed for good. Absent, never empty: digests of older agents stay. */
  fallbackModels: z.array(ModelId).min(1).max(5).optional(),
  parameters: PlainJson.default({}),
  instructions: z.string().max(262_144),
  /** Absent: the agent has none, and braces in its instructions are text. */
  variables: z.record(PromptVariableName, PromptVariable).optional(),
  /** JSON Schema of the last message, which is then JSON. Absent: it is text. */
  output: PlainJson.optional(),
  tools: z.array(ToolDefinition).max(256),
  /** Policy layers in the form of `domain/policy`, deployment first. */
  policy: z.array(PlainJson),
  policyDigest: Digest,
  /** Agents that go on with the run, in this order, each once the one before is done. */
  sequence: z
    .array(z.strictObject({ agent: AgentName, agentDigest: Digest }))
    .min(1)
    .max(32)
    .optional(),
  /** Of a sequence: readers of the run are shown the words of its last agent only. */
  hideIntermediate: z.literal(true).optional(),
  /** Driven within the request that asks for it, without a workflow: nobody can be waited for. Absent: durable. */
  execution: z.literal('classic').optional(),
  contract: z.strictObject({ artifacts: z.array(ArtifactContract).max(50) }).default({ artifacts: [] }),
  limits: RunLimits,
});
export type AgentDefinition = z.infer<typeof AgentDefinition>;
