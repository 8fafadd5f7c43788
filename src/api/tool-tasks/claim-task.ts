import type { ClaimedTask } from '../../contract/tool-tasks.ts';
import { canonicalJson } from '../../domain/arguments/canonical-json.ts';
import { digestOf } from '../../domain/core/digest.ts';
import { PERMIT_TYPE } from '../../domain/schemas/tool-task.ts';
import { readBlobs } from '../../store/blobs.ts';
import { appendEvents } from '../../store/events.ts';
import { getRun } from '../../store/run-rows.ts';
import { claimToolTask, getToolTask } from '../../store/tool-tasks.ts';
import type { Claim, ToolTaskRow } from '../../store/tool-tasks.ts';
import type { Api, Caller } from '../dependencies.ts';
import { HttpProblem } from '../http-problem.ts';
import { timestamp } from '../views/time.ts';

const REFUSALS = {
  unknown: 'task_not_found',
  taken: 'task_taken',
  braked: 'task_braked',
  closed: 'task_closed',
} as const satisfies Record<Exclude<Claim, 'claimed'>, string>;

/** Throws the problem where the call is not this claimant's to carry out. */
export async function claimTask(api: Api, caller: Caller, taskId: string, claimant: string): Promise<ClaimedTask> {
  const { store, clock, signer } = api;
  const { scope, actor } = caller;
  const nowMs = await clock.nowMs();
  const claim = await claimToolTask(store, scope, { taskId, claimant, principal: actor.principal, nowMs });
  if (claim !== 'claimed') throw new HttpProblem(REFUSALS[claim]);
  const task = await getToolTask(store, scope, taskId);
  if (!task?.expiresAt || task.claimant !== claimant) throw new HttpProblem('task_taken');
  const text = await argumentsOf(api, task);
  await tell(api, caller, task, task.expiresAt);
  const { runId, toolCallId, tool, effectKey, digest } = task;
  const permit = signer.signPermit({
    typ: PERMIT_TYPE,
    aud: signer.trust().audience,
    ...scope,
    agent: task.agent,
    runId,
    toolCallId,
    tool,
    definitionDigest: task.definitionDigest,
    taskQueue: task.taskQueue,
    taskId,
    effectKey,
    attempt: task.epoch,
    digest,
    argumentsDigest: digestOf(text),
    claimant,
    iat: nowMs,
    exp: task.expiresAt,
  });
  return { taskId, runId, toolCallId, tool, effectKey, arguments: text, expiresAt: timestamp(task.expiresAt), permit };
}

/** Exactly what was digested and approved. */
async function argumentsOf({ store }: Api, { tenant, argumentsSha256 }: ToolTaskRow): Promise<string> {
  const sha256 = argumentsSha256.toString('hex');
  const value = (await readBlobs(store, tenant, [sha256])).get(sha256);
  // Erased meanwhile: there is nothing to carry out.
  if (value === undefined) throw new HttpProblem('task_closed');
  return canonicalJson(value);
}

/** Once a claimant: whoever asks again is told the same. */
async function tell({ store, clock }: Api, { scope, actor }: Caller, task: ToolTaskRow, until: number): Promise<void> {
  const { runId, toolCallId, tool, taskId, claimant } = task;
  const run = await getRun(store, scope, runId);
  if (!run) throw new HttpProblem('task_not_found');
  const data = { toolCallId, tool, taskId, actor, until };
  const event = { type: 'tool.claimed', at: await clock.nowMs(), data } as const;
  const origin = `claimed:${taskId}:${claimant}`;
  await appendEvents(store, { ...scope, rootRunId: run.rootRunId, runId, origin, events: [{ ordinal: 1, event }] });
}
