/** The gateway over Temporal's client. */
import { Client, WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError } from '@temporalio/client';
import type { Connection, ConnectionLike } from '@temporalio/client';
import { workflowId } from '../domain/core/ids.ts';
import type { WorkflowAddress } from '../domain/core/ids.ts';
import type { TrustedKeys } from '../platform/signing-keys.ts';
import { AGENT_RUN, COMMAND_SIGNALS, recheckSignal, verdictQuery } from '../workflows/messages.ts';
import type { AgentRunInput } from '../workflows/messages.ts';
import { readFleet } from './deployments/read-fleet.ts';
import type { RunGateway, RunInspector, RunStart, WorkflowFate } from './run-gateway.ts';
import { SEARCH_ATTRIBUTES, hasSearchAttributes } from './search-attributes.ts';
import { isUnanswered, undelivered } from './temporal-faults.ts';

/** Calls that take longer are answered with 503: the client retries them with the same key. */
const CALL_TIMEOUT_MS = 5_000;
/** A person who decides waits for the verdict at most so long, then hears 202. */
const VERDICT_TIMEOUT_MS = 2_000;
/** Several questions, of which Temporal answers ten a second. */
const FLEET_TIMEOUT_MS = 10_000;
const HEALTH_TIMEOUT_MS = 1_000;

/** A worker that was killed holds a workflow task no longer than this. */
const WORKFLOW_TASK_TIMEOUT = '3s';

export interface GatewayOptions {
  readonly connection: Connection;
  readonly namespace: string;
  readonly taskQueue: string;
  readonly trust: TrustedKeys;
  /** The worker deployment and its queues; the task queue's own where it is not given. */
  readonly fleet?: { readonly deploymentName: string; readonly taskQueues: readonly string[] };
  /**
   * The worker's own connection, where bridge and worker share a process: runs then start eagerly, on that worker,
   * without a round trip through the task queue.
   */
  readonly workerConnection?: ConnectionLike;
}

const FATES: Record<string, WorkflowFate> = {
  RUNNING: { type: 'running' },
  CONTINUED_AS_NEW: { type: 'running' },
  PAUSED: { type: 'running' },
  COMPLETED: { type: 'over', as: 'completed' },
  FAILED: { type: 'over', as: 'failed' },
  TERMINATED: { type: 'over', as: 'terminated' },
  TIMED_OUT: { type: 'over', as: 'timed_out' },
  CANCELLED: { type: 'over', as: 'cancelled' },
};

export const createTemporalGateway = (options: GatewayOptions): RunGateway & RunInspector => {
  const { connection, namespace, taskQueue, trust, workerConnection } = options;
  const fleet = options.fleet ?? { deploymentName: taskQueue, taskQueues: [taskQueue] };
  const client = new Client({ connection, namespace });
  const starter = workerConnection ? new Client({ connection: workerConnection, namespace }) : client;
  const within = <T>(timeoutMs: number, call: () => Promise<T>) =>
    connection.withDeadline(Date.now() + timeoutMs, call);
  const handleOf = (address: WorkflowAddress) => client.workflow.getHandle(workflowId(address));

  // Asked until the answer is yes: attributes that were registered later are used from then on.
  let searchAttributes = false;
  const knowsSearchAttributes = async (): Promise<boolean> => {
    searchAttributes ||= await within(CALL_TIMEOUT_MS, () => hasSearchAttributes(connection, namespace));
    return searchAttributes;
  };

  const attributesOf = ({ address, agent }: RunStart) => [
    { key: SEARCH_ATTRIBUTES.tenant, value: address.tenant },
    { key: SEARCH_ATTRIBUTES.project, value: address.project },
    { key: SEARCH_ATTRIBUTES.agent, value: agent },
    { key: SEARCH_ATTRIBUTES.status, value: 'running' },
  ];

  return {
    async startRun(run) {
      const visible = await knowsSearchAttributes();
      const { audience, anchors } = trust;
      const input: AgentRunInput = {
        v: 1,
        start: run.start,
        anchors,
        audience,
        searchAttributes: visible,
        limits: run.limits,
        statusFollowsTools: true,
        asksLedger: true,
      };
      const start = () =>
        starter.workflow.start(AGENT_RUN, {
          workflowId: workflowId(run.address),
          taskQueue,
          args: [input],
          workflowIdConflictPolicy: 'USE_EXISTING',
          workflowIdReusePolicy: 'REJECT_DUPLICATE',
          workflowTaskTimeout: WORKFLOW_TASK_TIMEOUT,
          requestEagerStart: workerConnection !== undefined,
          staticSummary: `Agent run of ${run.agent}`,
          priority: { fairnessKey: run.address.tenant },
          ...(visible && { typedSearchAttributes: attributesOf(run) }),
        });
      try {
        await (workerConnection ?? connection).withDeadline(Date.now() + CALL_TIMEOUT_MS, start);
      } catch (error) {
        // It ran and ended already; the run's row says how.
        if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      }
    },

    async command(address, name, signed) {
      try {
        await within(CALL_TIMEOUT_MS, () => handleOf(address).signal(COMMAND_SIGNALS[name], signed));
        return 'accepted';
      } catch (error) {
        return undelivered(error);
      }
    },

    async recheck(address, toolCallId) {
      try {
        await within(CALL_TIMEOUT_MS, () => handleOf(address).signal(recheckSignal, toolCallId));
        return 'accepted';
      } catch (error) {
        return undelivered(error);
      }
    },

    async verdict(address, approvalId, decisionId) {
      try {
        const query = () => handleOf(address).query(verdictQuery, approvalId, decisionId);
        return await within(VERDICT_TIMEOUT_MS, query);
      } catch (error) {
        if (isUnanswered(error)) return undefined;
        throw error;
      }
    },

    async fate(address) {
      try {
        const { status } = await within(CALL_TIMEOUT_MS, () => handleOf(address).describe());
        // A status of a newer server is no reason to end a run.
        return FATES[status.name] ?? { type: 'running' };
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) return { type: 'missing' };
        throw error;
      }
    },

    fleet: (scope) =>
      within(FLEET_TIMEOUT_MS, () => readFleet({ connection, namespace, ...fleet }, { nowMs: Date.now(), scope })),

    async isHealthy() {
      try {
        await within(HEALTH_TIMEOUT_MS, () => connection.workflowService.getSystemInfo({}));
        return true;
      } catch {
        return false;
      }
    },
  };
};
