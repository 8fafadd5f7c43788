/**
 * A call that a worker of another task queue carries out. What goes through Temporal names it and says nothing of its
 * content; the worker claims it from the API, which hands over the arguments and a signed permit.
 */
import { z } from 'zod';
import { AgentName, Digest, RunId, ScopeName, ToolCallId, ToolName } from './names.ts';

export const ToolTaskId = z
  .string()
  .regex(/^task_[a-z2-7]{26}$/)
  .meta({ example: 'task_k3v7qdxr2mzw5n4hbt6ycafe2a' });

/** A Temporal task queue. */
export const TaskQueueName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$/);

/** The only argument of the activity. Fields are only ever added. */
export const ToolTask = z.object({
  v: z.literal(1),
  taskId: ToolTaskId,
  runId: RunId,
  toolCallId: ToolCallId,
  tool: ToolName,
  definitionDigest: Digest,
  /** The same for every attempt at one approved call. */
  effectKey: z.string(),
  /** Of the call as it was approved. Salted: says nothing of the arguments. */
  digest: Digest,
});
export type ToolTask = z.infer<typeof ToolTask>;

/** What the workflow is started with. */
export interface ToolTaskInput {
  readonly v: 1;
  readonly task: ToolTask;
  readonly taskQueue: string;
  /** How long it may wait for a worker. */
  readonly startWithinMs: number;
  /** How long a worker may take. */
  readonly timeoutMs: number;
}

export const PERMIT_TYPE = 'countersign.permit/v1';

/** What a signed permit says: this claimant may carry out just this call, once, until then. Times in milliseconds. */
export const Permit = z.object({
  typ: z.literal(PERMIT_TYPE),
  /** The deployment that signed it. */
  aud: z.string(),
  tenant: ScopeName,
  project: ScopeName,
  agent: AgentName,
  runId: RunId,
  toolCallId: ToolCallId,
  tool: ToolName,
  definitionDigest: Digest,
  taskQueue: TaskQueueName,
  taskId: ToolTaskId,
  effectKey: z.string(),
  /** The ledger's epoch: grows when an operator orders another try. */
  attempt: z.number().int().positive(),
  digest: Digest,
  /** SHA-256 of the arguments' text as it is handed over. */
  argumentsDigest: Digest,
  claimant: z.string(),
  iat: z.number().int(),
  exp: z.number().int(),
});
export type Permit = z.infer<typeof Permit>;
