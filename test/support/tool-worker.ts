// A worker of another task queue in the test's own process: takes calls by the protocol, and does what the test says.
import { randomBytes } from 'node:crypto';
import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { NativeConnection, Worker } from '@temporalio/worker';
import type { ClaimedTask } from '../../src/contract/tool-tasks.ts';
import { TASK_OVER, TOOL_ACTIVITY } from '../../src/domain/core/tool-task.ts';
import type { ToolTask } from '../../src/domain/schemas/tool-task.ts';
import { createLogger } from '../../src/platform/logger.ts';
import type { Person } from '../../src/testing/index.ts';
import { installTemporalRuntime } from '../../src/worker/temporal-runtime.ts';

export interface TakenCall {
  readonly task: ToolTask;
  readonly claimed: ClaimedTask;
  readonly signal: AbortSignal;
  report(result: unknown): Promise<{ readonly status: number }>;
}

export interface ToolWorker {
  readonly taken: readonly TakenCall[];
  /** Codes of refused claims. */
  readonly refused: readonly string[];
  stop(): Promise<void>;
}

export interface ToolWorkerOptions {
  readonly temporalAddress: string;
  readonly taskQueue: string;
  /** With a key of the role `worker`. */
  readonly service: Pick<Person, 'request'>;
  /** What it does with a call that is its own; nothing of it is reported unless it does so. */
  carryOut(call: TakenCall): Promise<unknown>;
}

export async function startToolWorker(options: ToolWorkerOptions): Promise<ToolWorker> {
  const { service, carryOut, taskQueue } = options;
  const taken: TakenCall[] = [];
  const refused: string[] = [];
  installTemporalRuntime(createLogger({ service: 'test', level: 'silent' }));
  const connection = await NativeConnection.connect({ address: options.temporalAddress });

  const work = async (task: ToolTask): Promise<void> => {
    const context = Context.current();
    const claimant = randomBytes(16).toString('hex');
    const path = `/v1/tool-tasks/${task.taskId}`;
    const { status, body } = await service.request<ClaimedTask & { code: string }>('POST', `${path}/claim`, {
      body: { claimant },
    });
    if (status !== 200) {
      refused.push(body.code);
      const type = body.code === 'task_braked' ? 'not_now' : TASK_OVER;
      throw ApplicationFailure.create({ message: 'No.', type, nonRetryable: type === TASK_OVER });
    }
    const call: TakenCall = {
      task,
      claimed: body,
      signal: context.cancellationSignal,
      report: (result) =>
        service.request('POST', `${path}/report`, { body: { claimant, outcome: { type: 'completed', result } } }),
    };
    taken.push(call);
    const timer = setInterval(() => context.heartbeat(), 500);
    await carryOut(call).finally(() => clearInterval(timer));
  };

  const worker = await Worker.create({
    connection,
    taskQueue,
    activities: { [TOOL_ACTIVITY]: work },
    maxHeartbeatThrottleInterval: '500ms',
    shutdownGraceTime: '100ms',
  });
  const running = worker.run();
  return {
    taken,
    refused,
    async stop() {
      worker.shutdown();
      await running;
      await connection.close();
    },
  };
}
