import { z } from 'zod';
import { Execution, PromptVariableName } from '../domain/schemas/agent.ts';
import { Resolution } from '../domain/schemas/command.ts';
import { AgentName, Digest, RunId, ToolCallId } from '../domain/schemas/names.ts';
import { RunStatus, Usage } from '../domain/schemas/run.ts';
import { Json, PrincipalField, Timestamp, bytesOf, spokenText } from './fields.ts';
import { GuardReports } from './guards.ts';
import { pageOf, pageQuery } from './pagination.ts';

export const RunIdField = RunId.meta({ description: 'Id of a run', example: 'run_k3v7qdxr2mzw5n4hbt6ycafe2a' });

/** Longest input of a run, in characters. */
export const INPUT_MAX_CHARACTERS = 200_000;

/** Largest state that a run may start with, as JSON in UTF-8. */
export const STATE_MAX_BYTES = 65_536;

/** What tools read and decisions may set, where the policy rule lists the place. */
export const RunState = z
  .record(z.string(), Json)
  .meta({ description: 'The state of the run, which its tools read', example: { region: 'eu', budget: 500 } });

/** Whatever the runtime knows: no list of ours goes stale. */
function isTimezone(name: string): boolean {
  try {
    return Intl.DateTimeFormat('en', { timeZone: name }) !== undefined;
  } catch {
    return false;
  }
}

const labelName = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,62}$/);

export const ConversationId = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,199}$/)
  .meta({ description: 'Groups runs; at most one of them is unfinished', example: 'ticket-4711' });

/** Asks for a run. */
export const StartRun = z
  .strictObject({
    agent: AgentName.meta({ description: 'Name of the agent', example: 'release-notes' }),
    input: spokenText(INPUT_MAX_CHARACTERS).meta({
      description: 'What the agent is asked to do',
      example: 'Write the release notes since v1.4.0.',
    }),
    conversationId: ConversationId.optional(),
    replace: z.boolean().optional().meta({
      description: 'Takes the place of the unfinished run of the conversation, if there is one; that one is cancelled',
    }),
    state: RunState.refine((state) => bytesOf(state) <= STATE_MAX_BYTES, `must be at most ${STATE_MAX_BYTES} bytes`)
      .optional()
      .meta({ description: `The state at the start; at most ${STATE_MAX_BYTES} bytes as JSON` }),
    requester: z
      .strictObject({
        principal: spokenText(200).meta({ description: 'Whom the run acts for', example: 'user:grace' }),
        groups: z.array(spokenText(100)).max(100).optional(),
      })
      .optional()
      .meta({
        description:
          'Of services that may start runs for others (`run.start_for`): for whom. The service vouches for it, and ' +
          'never decides as them',
      }),
    variables: z
      .record(PromptVariableName, z.string().max(4_000))
      .refine((variables) => bytesOf(variables) <= STATE_MAX_BYTES, `must be at most ${STATE_MAX_BYTES} bytes`)
      .optional()
      .meta({
        description: "Values of the agent's variables, which its instructions name",
        example: { tone: 'formal' },
      }),
    timezone: z.string().max(64).refine(isTimezone, 'must be the name of a time zone').optional().meta({
      description: 'IANA name; the date and time of the start, as the agent is told them, are in it',
      example: 'Europe/Zurich',
    }),
    labels: z
      .record(labelName, z.string().max(200))
      .refine((labels) => Object.keys(labels).length <= 32, 'at most 32 labels')
      .optional()
      .meta({ description: 'Names and values to find the run by', example: { team: 'platform' } }),
  })
  .refine(({ replace, conversationId }) => !replace || conversationId !== undefined, {
    path: ['replace'],
    message: 'needs a conversationId',
  })
  .meta({ id: 'StartRun' });
export type StartRun = z.infer<typeof StartRun>;

/** One agent execution. */
export const Run = z
  .object({
    runId: RunIdField,
    rootRunId: RunId,
    path: z
      .array(z.string())
      .meta({ description: 'Agents from the root run to this one', example: ['desk', 'cashier'] }),
    parent: z
      .object({ runId: RunId, toolCallId: ToolCallId })
      .nullable()
      .meta({ description: 'Of a sub-run: the run that has called its agent, and the call' }),
    agent: AgentName,
    agentDigest: Digest.meta({ description: 'The agent definition this run is pinned to' }),
    execution: Execution.meta({
      description: '`durable`: a workflow drives it. `classic`: it is driven within the request that asked for it',
    }),
    status: RunStatus.meta({
      description: '`suspended`: all that is left to do waits for a person. More values may be added.',
    }),
    requester: PrincipalField,
    startedBy: PrincipalField.nullable().meta({ description: 'The service that started it for the requester' }),
    conversationId: z.string().nullable(),
    replacedBy: RunId.nullable().meta({
      description: 'The run that took its place in the conversation: nothing new of this one takes effect',
    }),
    labels: z.record(z.string(), z.string()),
    createdAt: Timestamp,
    updatedAt: Timestamp,
    endedAt: Timestamp.nullable(),
    failure: z.object({ code: z.string(), detail: z.string() }).nullable().meta({ description: 'Why the run failed' }),
    cancelRequested: z.boolean(),
    eventSeq: z.number().int().nonnegative().meta({
      description: 'Highest event number stored so far: read on from here with `?after=`',
    }),
    headHash: z.string().meta({ description: "Head of the event log's hash chain, as hex" }),
    links: z.object({
      self: z.string(),
      events: z.string(),
      approvals: z.string(),
      artifacts: z.string(),
      media: z.string(),
    }),
  })
  .meta({ id: 'Run' });
export type Run = z.infer<typeof Run>;

/** A run as its start is answered. */
export const StartedRun = Run.extend({
  guards: GuardReports,
  output: z.string().nullable().optional().meta({
    description: "Of classic execution: the agent's last message, once the run completed",
  }),
}).meta({ id: 'StartedRun' });
export type StartedRun = z.infer<typeof StartedRun>;

/** A call that is parked: what somebody must know to say how it goes on. */
export const ParkedCall = z
  .object({
    toolCallId: ToolCallId,
    tool: z.string(),
    effectKey: z.string().meta({ description: 'The idempotency key that the tool was given' }),
    epoch: z.number().int().nonnegative().meta({ description: 'The attempt in question; 0: none was started' }),
    digest: Digest.nullable(),
    arguments: Json.optional().meta({ description: 'What the tool was or would be given; absent once erased' }),
    resolutions: z.array(Resolution).meta({ description: 'What can be said about it' }),
    compensation: z.string().nullable().meta({ description: 'The tool that undoes it, if its definition names one' }),
    outcomeKnown: z
      .boolean()
      .meta({ description: 'The attempt has reported meanwhile: the run looks again by itself' }),
    mayRunUntil: Timestamp.nullable().meta({
      description: 'Until then the attempt may still be running somewhere; null: it is not',
    }),
    drift: z
      .object({ pinned: Json, current: Json })
      .nullable()
      .meta({ description: 'The definition of the tool that the run was started with, and the one there is now' }),
  })
  .meta({ id: 'ParkedCall' });
export type ParkedCall = z.infer<typeof ParkedCall>;

/** Why a run needs somebody. */
export const Attention = z
  .object({
    code: z.string().meta({ example: 'outcome_unknown' }),
    detail: z.string(),
    reason: z.string().nullable().meta({ description: 'In the words of who blocked it' }),
    action: z.enum(['unblock', 'resolve']).meta({ description: 'What lets it go on' }),
    call: ParkedCall.nullable().meta({ description: 'Of a parked call' }),
  })
  .meta({ id: 'Attention' });
export type Attention = z.infer<typeof Attention>;

/** What the model calls of a run used so far, those of its sub-runs and of attempts that failed included. */
export const RunUsage = Usage.extend({
  costMicros: z.record(z.string(), z.number().int().nonnegative()).meta({
    description: 'Cost by currency, in millionths of a unit, by the table of prices of the worker; empty: none known',
    example: { USD: 12_500 },
  }),
  unpricedCalls: z
    .number()
    .int()
    .nonnegative()
    .meta({ description: 'Calls of models without a known price: the cost is more than it says' }),
}).meta({ id: 'RunUsage' });
export type RunUsage = z.infer<typeof RunUsage>;

/** A run with its words. */
export const RunDetail = Run.extend({
  agents: z.array(z.object({ agent: AgentName, agentDigest: Digest })).meta({
    description: 'Agents that have acted in the run, in order: the last one goes on with it',
  }),
  input: z.string().nullable().meta({ description: 'What the agent was asked; null once erased' }),
  output: z.string().nullable().meta({ description: "The agent's last message, once the run completed" }),
  state: RunState.nullable().meta({
    description: 'As it was given at the start and set by decisions since; null once erased',
  }),
  queuedSince: Timestamp.nullable().meta({
    description: "Since when it waits until enough of its requester's active runs have stopped; null: it does not",
  }),
  usage: RunUsage,
  attentions: z.array(Attention).meta({ description: 'Why the run needs somebody; empty: it does not' }),
  actions: z.array(z.string()).meta({ description: 'What may be done to the run now', example: ['cancel', 'block'] }),
}).meta({ id: 'RunDetail' });
export type RunDetail = z.infer<typeof RunDetail>;

export const RunPage = pageOf(Run).meta({ id: 'RunPage' });

export const ListRunsQuery = z.strictObject({
  rootRunId: RunId.optional().meta({
    description: 'The runs of one tree, sub-runs included. Without it sub-runs are left out.',
  }),
  status: RunStatus.optional(),
  agent: AgentName.optional(),
  conversationId: ConversationId.optional(),
  requester: z.string().min(1).max(200).optional().meta({ description: 'Principal the run acts for' }),
  label: z
    .string()
    .regex(/^[a-z0-9][a-z0-9._-]{0,62}=.{0,200}$/)
    .optional()
    .meta({ description: 'name=value', example: 'team=platform' }),
  ...pageQuery,
});
export type ListRunsQuery = z.infer<typeof ListRunsQuery>;

export const RunParams = z.strictObject({ runId: RunIdField });
