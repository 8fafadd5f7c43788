import { z } from 'zod';
import type { JsonValue } from '../../domain/arguments/json-value.ts';
import { looseObjectFaults } from '../../domain/arguments/strict-schema.ts';
import type { RuleInput } from '../../domain/policy/policy-schema.ts';
import { ToolEffect } from '../../domain/schemas/agent.ts';
import type { AgentDefinition, ToolDefinition } from '../../domain/schemas/agent.ts';
import { ToolName } from '../../domain/schemas/names.ts';
import type { ModelPort } from '../models/model-port.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { DefinitionError } from './definition-error.ts';

/** What the gate hands to a tool beside its arguments. */
export interface ToolContext {
  /** The same for every attempt at one approved call: pass it outwards as the idempotency key. */
  readonly effectKey: string;
  /** Aborted when the run is cancelled or the tool's time is over. */
  readonly signal: AbortSignal;
  readonly runId: string;
  readonly workspace: Workspace;
  /** The run's state as its start and people's decisions have left it. Deeply frozen. */
  readonly state: JsonValue;
}

/** A tool's own rule, in the innermost policy layer. It applies to that tool. */
export type ToolRule = Omit<RuleInput, 'match'>;

/** The agent behind a tool of role `agent`. */
export interface SubAgent {
  /** Without the deployment's rules: the gate adds those that the parent has pinned. */
  readonly definition: AgentDefinition;
  readonly digest: string;
  readonly tools: readonly Tool[];
  readonly scripts: Readonly<Record<string, ModelPort>>;
}

/** What agents may call. The gate is the only caller of `execute`, with arguments that passed `input`. */
export interface Tool {
  readonly name: string;
  /** Where it comes from: `function` for tools in code, `countersign` for those of our own. */
  readonly source: string;
  readonly description: string;
  readonly input: z.ZodType;
  readonly effect: ToolEffect;
  readonly timeoutMs: number;
  readonly annotations?: Readonly<Record<string, JsonValue>>;
  readonly policy: readonly ToolRule[];
  /** Set for tools of our own, which people or other agents carry out: the gate never executes them. */
  readonly role?: ToolDefinition['role'];
  /** Of role `agent`: who carries its calls out. */
  readonly agent?: SubAgent;
  /** The tool of the same agent that undoes what this one did. */
  readonly compensation?: string;
  /** The arguments are deeply frozen. Throws a {@link ToolError} for failures that the model may be told. */
  execute(args: JsonValue, context: ToolContext): Promise<JsonValue>;
}

/** A failure the model may be told: the message is stored and shown, so it holds no secret and no path of the machine. */
export class ToolError extends Error {
  override readonly name = 'ToolError';
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

export interface ToolOptions<Input extends z.ZodType> {
  readonly name: string;
  readonly description: string;
  /** A `z.strictObject`: unknown keys are refused, at every depth. */
  readonly input: Input;
  /** What it does to the world. Default `once`: started at most once for each consent. */
  readonly effect?: ToolEffect;
  /** Default ten minutes. */
  readonly timeoutMs?: number;
  readonly annotations?: Readonly<Record<string, JsonValue>>;
  readonly policy?: readonly ToolRule[];
  /** Names the tool of the same agent that undoes what this one did. It is offered to people, never called by itself. */
  readonly compensation?: string;
  execute(args: z.output<Input>, context: ToolContext): Promise<JsonValue>;
}

const DEFAULT_TIMEOUT_MS = 600_000;
const MAX_TIMEOUT_MS = 24 * 3_600_000;

const Declaration = z.object({
  name: ToolName,
  description: z.string().min(1).max(8192),
  effect: ToolEffect,
  timeoutMs: z.number(),
  compensation: ToolName.optional(),
});

/** Defines a tool in code. Throws a {@link DefinitionError} that names every fault by its path. */
export function defineTool<Input extends z.ZodType>(options: ToolOptions<Input>): Tool {
  const declared = {
    name: options.name,
    description: options.description,
    effect: options.effect ?? 'once',
    timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
    ...(options.compensation === undefined ? {} : { compensation: options.compensation }),
  };
  const all = [
    ...declarationFaults(declared),
    ...inputFaults(options.input).map((fault) => `tools.${options.name}.input${fault}`),
  ];
  if (all.length > 0) throw new DefinitionError(all);
  return Object.freeze({
    ...declared,
    source: 'function',
    input: options.input,
    policy: options.policy ?? [],
    ...(options.annotations === undefined ? {} : { annotations: options.annotations }),
    // The gate validated the arguments by this very schema.
    execute: (args: JsonValue, context: ToolContext) => options.execute(args as z.output<Input>, context),
  });
}

/** What is wrong with a tool beside its input, each fault by its path. */
export const declarationFaults = (
  declared: z.input<typeof Declaration>,
  maxTimeoutMs = MAX_TIMEOUT_MS,
): readonly string[] => {
  const timeoutMs = z.number().int().positive().max(maxTimeoutMs);
  const faults = Declaration.extend({ timeoutMs }).safeParse(declared).error?.issues ?? [];
  return faults.map((issue) => `tools.${declared.name}.${issue.path.join('.')}: ${issue.message}`);
};

function inputFaults(input: z.ZodType): string[] {
  if (!(input instanceof z.ZodObject)) return [': must be a z.strictObject, since models send objects'];
  const loose = looseObjectFaults(input).map((fault) => `${fault.path}: ${fault.message}`);
  if (loose.length > 0) return loose;
  try {
    inputJsonSchema(input);
    return [];
  } catch (error) {
    return [`: has no JSON Schema: ${error instanceof Error ? error.message : 'unknown'}`];
  }
}

/** The schema as models see it: what may be sent, before defaults are filled in. */
export function inputJsonSchema(input: z.ZodType): Record<string, JsonValue> {
  const { $schema: _, ...schema } = z.toJSONSchema(input, { io: 'input', target: 'draft-7' });
  const plain: Record<string, JsonValue> = JSON.parse(JSON.stringify(schema));
  return plain;
}
