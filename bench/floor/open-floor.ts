/** The bare workflow with worker and client of its own, on the same server and with the settings of our worker. */
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection, Worker, bundleWorkflowCode } from '@temporalio/worker';
import type { InjectedSinks } from '@temporalio/worker';
import { Arrivals } from '../arrivals.ts';
import type { Subject } from '../subject.ts';
import { ToolEntries } from '../tool-entries.ts';
import { APPROVE, FLOOR_RUN } from './messages.ts';
import type { FloorActivities, FloorSinks } from './messages.ts';

const WORKFLOWS = fileURLToPath(new URL('workflows.ts', import.meta.url));
const TASK_QUEUE = 'bench-floor';
const quiet = { log() {}, trace() {}, debug() {}, info() {}, warn() {}, error() {} };

interface Watched {
  readonly pending: Arrivals;
  readonly ended: PromiseWithResolvers<void>;
}

export interface Floor extends Subject {
  stop(): Promise<void>;
}

export const openFloor = async (address: string): Promise<Floor> => {
  const entries = new ToolEntries();
  const watched = new Map<string, Watched>();
  const activities: FloorActivities = {
    callModel: async (step) => ({ step }),
    runTool: async ({ runId, step }) => {
      entries.note(runId);
      return { step };
    },
  };
  const sinks: InjectedSinks<FloorSinks> = {
    notes: {
      pending: { fn: ({ workflowId }) => watched.get(workflowId)?.pending.arrive() },
      ended: { fn: ({ workflowId }) => watched.get(workflowId)?.ended.resolve() },
    },
  };
  const [connection, workerConnection, workflowBundle] = await Promise.all([
    Connection.connect({ address }),
    NativeConnection.connect({ address }),
    bundleWorkflowCode({ workflowsPath: WORKFLOWS, logger: quiet }),
  ]);
  const worker = await Worker.create({
    connection: workerConnection,
    taskQueue: TASK_QUEUE,
    workflowBundle,
    activities: { ...activities },
    sinks,
    // As src/worker/create-worker.ts has them.
    stickyQueueScheduleToStartTimeout: '1s',
    maxEagerActivityReservationsPerWorkflowTask: 16,
    maxConcurrentActivityTaskExecutions: 200,
    maxConcurrentWorkflowTaskExecutions: 40,
    maxConcurrentLocalActivityExecutions: 40,
    maxHeartbeatThrottleInterval: '1s',
    defaultHeartbeatThrottleInterval: '1s',
    maxCachedWorkflows: 500,
  });
  const working = worker.run();
  const client = new Client({ connection });
  const starter = new Client({ connection: workerConnection });

  return {
    name: 'floor',
    workflowIdOf: (runId) => runId,
    async start(turns) {
      const runId = `floor/${randomUUID()}`;
      const run: Watched = { pending: new Arrivals(), ended: Promise.withResolvers<void>() };
      watched.set(runId, run);
      await starter.workflow.start(FLOOR_RUN, {
        workflowId: runId,
        taskQueue: TASK_QUEUE,
        args: [turns],
        workflowTaskTimeout: '3s',
        requestEagerStart: true,
      });
      return {
        runId,
        pending: (turn) => run.pending.at(turn),
        approve: () => client.workflow.getHandle(runId).signal(APPROVE),
        entered: (turn) => entries.at(runId, turn),
        ended: run.ended.promise,
      };
    },
    async stop() {
      worker.shutdown();
      await working;
      await Promise.all([connection.close(), workerConnection.close()]);
    },
  };
};
