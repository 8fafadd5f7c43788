/** A running worker: agents registered, steps served, rows reconciled. */
import type { NativeConnection } from '@temporalio/worker';
import type { StepDependencies } from '../activities/dependencies.ts';
import type { RuleInput } from '../domain/policy/policy-schema.ts';
import type { KnownPeople } from '../domain/policy/quorum-faults.ts';
import type { Scope } from '../domain/schemas/names.ts';
import type { RunGateway, RunInspector } from '../gateway/run-gateway.ts';
import { createWorker } from './create-worker.ts';
import { holdAgents } from './held-agents.ts';
import { startReconciler } from './reconciler.ts';
import { startDiscovery } from './register-agents.ts';
import { agentReloader } from './reload-agents.ts';
import type { ReloadAgents } from './reload-agents.ts';
import { stepDependencies } from './step-dependencies.ts';
import type { WorkerParts } from './step-dependencies.ts';

export interface WorkerOptions extends WorkerParts {
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly taskQueue: string;
  readonly scope: Scope;
  /** Rules of the deployment's own policy layer. */
  readonly deployment: readonly RuleInput[];
  /** Whom the deployment knows: rules that name other groups are refused. */
  readonly people?: KnownPeople;
  readonly gateway: RunGateway & RunInspector;
  readonly shutdownGraceMs?: number;
  readonly maxCachedWorkflows?: number;
}

export interface RunningWorker {
  /** Settles when the worker has ended; rejects where it failed. */
  readonly ended: Promise<void>;
  /** Stops polling, waits for steps under way up to the grace time, then ends. */
  stop(): Promise<void>;
  readonly reloadAgents: ReloadAgents;
  /** What its steps have: a driver of classic runs in the same process shares it. */
  readonly dependencies: StepDependencies;
}

export const startWorker = async (options: WorkerOptions): Promise<RunningWorker> => {
  const { store, clock, logger, gateway, scope, agents, deployment, people } = options;
  const held = holdAgents(agents, options.models);
  // Before they are known to anybody: an agent that may not be here is refused as a whole.
  const dependencies = stepDependencies(options, held);
  const { servers } = dependencies;
  const known = { store, scope, agents, deployment, people, servers, held, logger };
  const discovery = await startDiscovery(known);
  const worker = await createWorker({
    connection: options.connection,
    namespace: options.namespace,
    taskQueue: options.taskQueue,
    dependencies,
    ...(options.shutdownGraceMs !== undefined && { shutdownGraceMs: options.shutdownGraceMs }),
    ...(options.maxCachedWorkflows !== undefined && { maxCachedWorkflows: options.maxCachedWorkflows }),
  });
  const reconciler = startReconciler({ store, gateway, clock, logger });
  const ended = worker.run();
  // Whoever waits for `ended` hears of a failure; nobody else need.
  ended.catch(() => undefined);
  logger.info({ taskQueue: options.taskQueue, agents: agents.map((agent) => agent.name) }, 'worker.start_completed');
  return {
    ended,
    dependencies,
    reloadAgents: agentReloader({ ...known, allowCommands: options.allowCommands }),
    async stop() {
      if (worker.getState() === 'RUNNING') worker.shutdown();
      await Promise.allSettled([ended, reconciler.stop(), discovery.stop()]);
      // After the last call: no process of a server outlives the worker.
      await servers.close();
    },
  };
};
