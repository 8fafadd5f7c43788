/** A running worker: agents registered, steps served, rows reconciled. */
import type { NativeConnection } from '@temporalio/worker';
import type { StepDependencies } from '../activities/dependencies.ts';
import type { RuleInput } from '../domain/policy/policy-schema.ts';
import type { KnownPeople } from '../domain/policy/quorum-faults.ts';
import type { Scope } from '../domain/schemas/names.ts';
import type { RunGateway, RunInspector } from '../gateway/run-gateway.ts';
import type { WorkerCapacity } from '../platform/worker-config.ts';
import { createWorker } from './create-worker.ts';
import { deployedAgent } from './keep-agent.ts';
import { holdAgents } from './held-agents.ts';
import { startReconciler } from './reconciler.ts';
import { openRegistration } from './registration.ts';
import { agentReloader } from './reload-agents.ts';
import type { ReloadAgents } from './reload-agents.ts';
import { refuseOwnQueue, stepDependencies } from './step-dependencies.ts';
import type { WorkerParts } from './step-dependencies.ts';
import type { WorkerVersion } from './worker-version.ts';

export interface WorkerOptions extends WorkerParts {
  readonly connection: NativeConnection;
  readonly namespace: string;
  /** One Temporal worker each. */
  readonly taskQueues: readonly string[];
  readonly scope: Scope;
  /** Rules of the deployment's own policy layer. */
  readonly deployment: readonly RuleInput[];
  /** Whom the deployment knows: rules that name other groups are refused. */
  readonly people?: KnownPeople;
  readonly gateway: RunGateway & RunInspector;
  readonly shutdownGraceMs?: number;
  readonly capacity?: WorkerCapacity;
  /** Calls each time that the worker's version has become current; without, it always is. */
  readonly whenCurrent?: ((onCurrent: () => Promise<void>) => Promise<{ stop(): Promise<void> }>) | undefined;
  /** Without one the worker takes what is of no version. */
  readonly workerVersion?: WorkerVersion | undefined;
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
  refuseOwnQueue(agents, options.taskQueues);
  const dependencies = stepDependencies(options, held);
  const { servers } = dependencies;
  const known = { store, scope, agents, deployment, people, servers, held, logger };
  // Whether they are defined well is known before anything is started.
  for (const source of agents) deployedAgent({ rules: deployment, people: people ?? {} }, { source, discovered: [] });
  const registration = openRegistration(known);
  if (!options.whenCurrent) await registration.begin();
  const create = (taskQueue: string): ReturnType<typeof createWorker> =>
    createWorker({
      connection: options.connection,
      namespace: options.namespace,
      taskQueue,
      dependencies,
      version: options.workerVersion,
      ...(options.shutdownGraceMs !== undefined && { shutdownGraceMs: options.shutdownGraceMs }),
      ...(options.capacity && { capacity: options.capacity }),
    });
  const workers = await Promise.all(options.taskQueues.map(create));
  const reconciler = startReconciler({ store, gateway, clock, logger });
  // One that fails takes the others along: a process that serves half of its queues looks well.
  const runs = workers.map((worker) => worker.run());
  const ended = Promise.all(runs).then(() => undefined);
  const following = await options.whenCurrent?.(() => registration.begin());
  // Whoever waits for `ended` hears of a failure; nobody else need.
  ended.catch(() => undefined);
  const { taskQueues, workerVersion: version } = options;
  const names = agents.map((agent) => agent.name);
  logger.info({ taskQueues, agents: names, ...(version && { version }) }, 'worker.start_completed');
  return {
    ended,
    dependencies,
    reloadAgents: agentReloader({ ...known, taskQueues, allowCommands: options.allowCommands }),
    async stop() {
      for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
      await Promise.allSettled([...runs, reconciler.stop(), following?.stop(), registration.stop()]);
      // After the last call: no process of a server outlives the worker.
      await servers.close();
    },
  };
};
