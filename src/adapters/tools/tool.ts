import { z } from 'zod';
import type { JsonValue } from '../../domain/arguments/json-value.ts';
import { looseObjectFaults } from '../../domain/arguments/strict-schema.ts';
import type { RuleInput } from '../../domain/policy/policy-schema.ts';
import { QUEUE_SOURCE, ToolEffect } from '../../domain/schemas/agent.ts';
import type { AgentDefinition, ToolDefinition, ToolQueue } from '../../domain/schemas/agent.ts';
import { CredentialRef, ToolName } from '../../domain/schemas/names.ts';
import type { BlobRef } from '../../domain/schemas/names.ts';
import { TaskQueueName } from '../../domain/schemas/tool-task.ts';
import type { GuardedFetch } from '../../platform/outgoing/guarded-fetch.ts';
import type { AgentSource } from '../agents/define-agent.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { checkOutput } from './check-output.ts';
import type { CheckedOutput } from './check-output.ts';
import { asWritten, isZod, toZod } from './declared-schema.ts';
import type { DeclaredSchema, DeclaredValue } from './declared-schema.ts';
import { DefinitionError } from './definition-error.ts';

/** What the gate hands to a tool beside its arguments. */
export interface ToolContext {
  /** The same for every attempt at one approved call: pass it outwards as the idempotency key. */
  readonly effectKey: string;
  /** Aborted when the run is cancelled, the worker stops, or the tool's time is over. */
  readonly signal: AbortSignal;
  readonly runId: string;
  readonly workspace: Workspace;
  /** The run's state as its start and people's decisions have left it. Deeply frozen. */
  readonly state: JsonValue;
  /** The secret that the tool's `credential` names, for this call only. What it returns and says is cleared of it. */
  readonly credential?: string;
  /** `fetch` that never connects into private networks, but for hosts that the deployment allows. */
  readonly fetch: GuardedFetch;
  /** Keeps something large beside the result, which then names it. */
  attach(value: JsonValue): BlobRef;
  /** Tells how far it has come: numbers only, at most once a second. */
  progress(progress: number, total?: number): void;
}

/** A tool's own rule, in the innermost policy layer. It applies to that tool. */
export type ToolRule = Omit<RuleInput, 'match'>;

/** The agent behind a tool of role `agent`. */
export interface SubAgent {
  /** Without the deployment's rules: the gate adds those that the parent has pinned. */
  readonly definition: AgentDefinition;
  readonly digest: string;
  readonly source: AgentSource;
}

/** What agents may call. The gate is the only caller of `execute`, with arguments that passed `input`. */
export interface Tool {
  readonly name: string;
  /** Where it comes from: `function` for tools in code, `countersign` for those of our own, `queue:<name>`, `mcp:<server>`. */
  readonly source: string;
  readonly description: string;
  readonly input: z.ZodType;
  /** What models see of `input`, where it is not to be made from it. */
  readonly inputSchema?: Readonly<Record<string, JsonValue>>;
  readonly effect: ToolEffect;
  readonly timeoutMs: number;
  /** Set where workers of another task queue carry it out, in whatever language: `execute` is not called. */
  readonly queue?: ToolQueue;
  /** What it declares of its results, where `execute` does not check them. */
  checkResult?(result: JsonValue): CheckedOutput;
  readonly annotations?: Readonly<Record<string, JsonValue>>;
  readonly policy: readonly ToolRule[];
  /** Set for tools of our own, which people or other agents carry out: the gate never executes them. */
  readonly role?: ToolDefinition['role'];
  /** Of role `agent`: who carries its calls out. */
  readonly agent?: SubAgent;
  /** The tool of the same agent that undoes what this one did. */
  readonly compensation?: string;
  /** The secret that it uses, by the name that the deployment's provider knows. */
  readonly credential?: string;
  /**
   * Of a tool that somebody else provides: what it is now, null where it is gone. The gate asks before the effect is
   * reserved; undefined where nobody answers, which `execute` then says.
   */
  current?(context: Pick<ToolContext, 'credential' | 'fetch' | 'signal'>): Promise<ToolDefinition | null | undefined>;
  /** The arguments are deeply frozen. Throws a {@link ToolError} for failures that the model may be told. */
  execute(args: JsonValue, context: ToolContext): Promise<JsonValue>;
}

/** Whether what a module exports is a tool. */
export const isTool = (value: unknown): value is Tool =>
  typeof value === 'object' &&
  value !== null &&
  'input' in value &&
  value.input instanceof z.ZodType &&
  'execute' in value &&
  typeof value.execute === 'function';

/** A failure the model may be told: the message is stored and shown, so it holds no secret and no path of the machine. */
export class ToolError extends Error {
  override readonly name: string = 'ToolError';
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

interface DeclaredTool<Input extends DeclaredSchema> {
  readonly name: string;
  readonly description: string;
  /** A `z.strictObject`, or JSON Schema with `additionalProperties: false`: unknown keys are refused, at every depth. */
  readonly input: Input;
  /** What `execute` returns; checked after each call. A result that does not pass is an error to the model. */
  readonly output?: DeclaredSchema;
  /** What it does to the world. Default `once`: started at most once for each consent. */
  readonly effect?: ToolEffect;
  /** Default ten minutes. */
  readonly timeoutMs?: number;
  readonly annotations?: Readonly<Record<string, JsonValue>>;
  readonly policy?: readonly ToolRule[];
  /** Every call asks, and people may answer it in these ways only. Short for a rule in `policy`. */
  readonly allowedDecisions?: ToolRule['allowedDecisions'];
  /** Names the tool of the same agent that undoes what this one did. It is offered to people, never called by itself. */
  readonly compensation?: string;
  /** Names a secret, `github` for example: the gate resolves it for the run's requester and hands it over as `credential`. */
  readonly credential?: string;
}

/** Carried out by the worker that runs the agent. */
interface ExecutedHere<Input extends DeclaredSchema> {
  readonly taskQueue?: undefined;
  readonly startWithinMs?: undefined;
  execute(args: DeclaredValue<Input>, context: ToolContext): Promise<JsonValue>;
}

/** Carried out by workers of another Temporal task queue, in whatever language: see docs/reference/tool-workers.md. */
interface ExecutedElsewhere {
  readonly taskQueue: string;
  /** How long a call may wait for a worker of the queue. Default one minute. */
  readonly startWithinMs?: number;
  readonly execute?: undefined;
}

export type LocalToolOptions<Input extends DeclaredSchema> = DeclaredTool<Input> & ExecutedHere<Input>;
export type ToolOptions<Input extends DeclaredSchema> =
  | LocalToolOptions<Input>
  | (DeclaredTool<Input> & ExecutedElsewhere);

const DEFAULT_TIMEOUT_MS = 600_000;
/** Workers poll all the time: this is for one that is started again. */
const DEFAULT_START_WITHIN_MS = 60_000;
const MAX_TIMEOUT_MS = 24 * 3_600_000;
const MAX_RULE_ID_LENGTH = 63;

const Declaration = z.object({
  name: ToolName,
  description: z.string().min(1).max(8192),
  effect: ToolEffect,
  timeoutMs: z.number(),
  compensation: ToolName.optional(),
  credential: CredentialRef.optional(),
  taskQueue: TaskQueueName.optional(),
  startWithinMs: z.number().int().positive().max(MAX_TIMEOUT_MS).optional(),
});

/** Defines a tool in code. Throws a {@link DefinitionError} that names every fault by its path. */
export function defineTool<const Input extends DeclaredSchema>(options: ToolOptions<Input>): Tool {
  const declared = {
    name: options.name,
    description: options.description,
    effect: options.effect ?? 'once',
    timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
    ...(options.compensation === undefined ? {} : { compensation: options.compensation }),
    ...(options.credential === undefined ? {} : { credential: options.credential }),
  };
  const { taskQueue, startWithinMs } = options;
  const input = readSchema(options.input);
  const output = options.output === undefined ? undefined : readSchema(options.output);
  const all = [
    ...declarationFaults({ ...declared, taskQueue, startWithinMs }),
    ...placeFaults(options).map((fault) => `tools.${options.name}.${fault}`),
    ...inputFaults(options.input, input).map((fault) => `tools.${options.name}.input${fault}`),
    ...(typeof output === 'string' ? [`tools.${options.name}.output: ${output}`] : []),
  ];
  if (all.length > 0 || typeof input === 'string' || typeof output === 'string') throw new DefinitionError(all);
  return Object.freeze({
    ...declared,
    source: options.taskQueue === undefined ? 'function' : `${QUEUE_SOURCE}${options.taskQueue}`,
    input,
    ...(isZod(options.input) ? {} : { inputSchema: asWritten(options.input) }),
    policy: [...(options.policy ?? []), ...decisionRule(options)],
    ...(options.annotations === undefined ? {} : { annotations: options.annotations }),
    ...(options.taskQueue !== undefined && {
      queue: { name: options.taskQueue, startWithinMs: options.startWithinMs ?? DEFAULT_START_WITHIN_MS },
      ...(output && { checkResult: (result: JsonValue) => checkOutput(output, result) }),
    }),
    async execute(args: JsonValue, context: ToolContext) {
      if (!options.execute) throw new Error(`${options.name} is carried out by workers of ${options.taskQueue}.`);
      // The gate validated the arguments by this very schema.
      const result = await options.execute(args as DeclaredValue<Input>, context);
      if (output === undefined) return result;
      const checked = checkOutput(output, result);
      if (!checked.ok) throw new ToolError('invalid_output', checked.message);
      return checked.value;
    },
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

/** A secret is handed to nobody over the wire: workers elsewhere have their own. */
function placeFaults({ taskQueue, execute, credential }: ToolOptions<DeclaredSchema>): string[] {
  if (taskQueue === undefined) return [];
  return [
    ...(execute === undefined ? [] : ['execute: goes with no taskQueue, whose workers carry the tool out']),
    ...(credential === undefined
      ? []
      : ['credential: goes with no taskQueue, whose workers have secrets of their own']),
  ];
}

/** The schema, or what is wrong with it. */
function readSchema(schema: DeclaredSchema): z.ZodType | string {
  try {
    return toZod(schema);
  } catch (error) {
    return `is no JSON Schema that can be checked: ${messageOf(error)}`;
  }
}

function inputFaults(declared: DeclaredSchema, input: z.ZodType | string): string[] {
  if (typeof input === 'string') return [`: ${input}`];
  if (!(input instanceof z.ZodObject)) return [': must be a z.strictObject, since models send objects'];
  const loose = looseObjectFaults(input).map(({ path, message }) =>
    isZod(declared) ? `${path}: ${message}` : `${path}: accepts unknown keys: say additionalProperties: false`,
  );
  if (loose.length > 0) return loose;
  try {
    inputJsonSchema(input);
    return [];
  } catch (error) {
    return [`: has no JSON Schema: ${messageOf(error)}`];
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : 'unknown');

/** Layers only tighten: what the agent's own rules allow asks all the same. */
function decisionRule({ name, allowedDecisions }: ToolOptions<DeclaredSchema>): ToolRule[] {
  if (allowedDecisions === undefined) return [];
  const id = `decisions-${name.toLowerCase()}`.slice(0, MAX_RULE_ID_LENGTH);
  return [{ id, effect: 'ask', reason: `${name} says how it may be answered`, allowedDecisions }];
}

/** The schema as models see it: what may be sent, before defaults are filled in. */
export function inputJsonSchema(input: z.ZodType): Record<string, JsonValue> {
  const { $schema: _, ...schema } = z.toJSONSchema(input, { io: 'input', target: 'draft-7' });
  const plain: Record<string, JsonValue> = JSON.parse(JSON.stringify(schema));
  return plain;
}
