import { z } from 'zod';
import { AgentName, Digest, ToolName } from './names.ts';
import { ToolRole } from './tool-role.ts';

/** What a tool does to the world. Undeclared means `once`. */
export const ToolEffect = z.enum(['none', 'idempotent', 'once']);
export type ToolEffect = z.infer<typeof ToolEffect>;

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
  annotations: PlainJson.optional(),
  role: ToolRole.optional(),
  /** `agent`: digest of the agent's own definition, which the deployment's rules are added to when its run starts. */
  agentDigest: Digest.optional(),
  /** The tool that undoes what this one did. Offered to people, never called by itself. */
  compensation: ToolName.optional(),
  /** SHA-256 over name, source, description, schema, annotations and effect, and the agent's digest where it has one. */
  definitionDigest: Digest,
});
export type ToolDefinition = z.infer<typeof ToolDefinition>;

/** A file that must exist in the run's workspace before the run may complete. */
export const ArtifactContract = z.strictObject({
  path: z.string().min(1).max(500),
  minBytes: z.number().int().nonnegative().default(1),
});
export type ArtifactContract = z.infer<typeof ArtifactContract>;

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
  modelStepTimeoutMs: z.number().int().positive().default(3_600_000),
});
export type RunLimits = z.infer<typeof RunLimits>;

/** An agent as pinned by digest when a run starts. Editing the agent never changes a run. */
export const AgentDefinition = z.strictObject({
  v: z.literal(1),
  name: AgentName,
  description: z.string().max(2000).default(''),
  /** `provider/model`, for example `openai/gpt-5`. */
  model: z.string().regex(/^[a-z0-9-]+\/.{1,200}$/),
  parameters: PlainJson.default({}),
  instructions: z.string().max(262_144),
  tools: z.array(ToolDefinition).max(256),
  /** Policy layers in the form of `domain/policy`, deployment first. */
  policy: z.array(PlainJson),
  policyDigest: Digest,
  contract: z.strictObject({ artifacts: z.array(ArtifactContract).max(50) }).default({ artifacts: [] }),
  limits: RunLimits,
});
export type AgentDefinition = z.infer<typeof AgentDefinition>;
