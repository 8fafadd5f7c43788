// A call that the gate has handed over to workers of another task queue, without a gate.
import { digestOf } from '../../src/domain/core/digest.ts';
import { effectKey, toolTaskId } from '../../src/domain/core/ids.ts';
import type { Scope } from '../../src/domain/schemas/names.ts';
import { makeBlob, putBlobs } from '../../src/store/blobs.ts';
import type { Store } from '../../src/store/database.ts';
import { reserveEffect } from '../../src/store/effects.ts';
import { putToolTask } from '../../src/store/tool-tasks.ts';
import type { NewToolTask } from '../../src/store/tool-tasks.ts';
import { scope as scopeOfApis } from './api-world.ts';

let dispatches = 0;

/** Its effect is reserved, and nobody has claimed it. Gives its id. */
export async function toolTask(
  world: { readonly store: Store; readonly scope?: Scope },
  { runId }: { readonly runId: string },
  changes: Partial<NewToolTask> = {},
): Promise<string> {
  const { store, scope = scopeOfApis } = world;
  const toolCallId = `call_9_${++dispatches}`;
  const key = effectKey(runId, toolCallId, 1);
  const taskId = toolTaskId(scope.tenant, key, '1');
  const args = makeBlob({ order: 7, amount: 12.5 });
  await putBlobs(store, scope.tenant, [args]);
  const nowMs = Date.now();
  const call = { tool: 'pay', agent: 'payer', toolCallId, effect: 'once', digest: digestOf(key) } as const;
  const task: NewToolTask = {
    ...scope,
    ...call,
    taskId,
    runId,
    definitionDigest: digestOf('refund'),
    taskQueue: 'bank',
    effectKey: key,
    epoch: 1,
    argumentsSha256: Buffer.from(args.ref.sha256, 'hex'),
    argumentsBytes: args.ref.bytes,
    timeoutMs: 60_000,
    createdAt: nowMs,
    startBy: nowMs + 3_600_000,
    ...changes,
  };
  await reserveEffect(store, {
    ...call,
    append: { ...scope, rootRunId: runId, runId, origin: 'workflow', events: [] },
    effectKey: key,
    nonce: taskId,
    nowMs,
    project: scope.project,
    dispatch: '1',
  });
  await putToolTask(store, task);
  return taskId;
}
