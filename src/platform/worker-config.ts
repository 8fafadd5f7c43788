/** What a worker may be told: how much it takes on, how it ends, and which version of the deployment it is. */
import { z } from 'zod';

const count = (from: number, to: number) =>
  z
    .string()
    .regex(/^\d{1,6}$/, `must be a number from ${from} to ${to}`)
    .transform(Number)
    .refine((value) => value >= from && value <= to, `must be a number from ${from} to ${to}`);

const share = z
  .string()
  .regex(/^0?\.\d{1,3}$|^1(\.0+)?$/, 'must be a share such as 0.8')
  .transform(Number)
  .refine((value) => value > 0, 'must be a share such as 0.8');

const POLLERS = /^([1-9]\d{0,2})(?:-([1-9]\d{0,2}))?$/;
const pollers = z.string().refine((text) => {
  const [, from, to] = POLLERS.exec(text) ?? [];
  return from !== undefined && (to === undefined || Number(from) <= Number(to));
}, 'must be a number such as 10, or a range such as 2-50');

function pollersOf(text: string): Pollers {
  const [, from, to] = POLLERS.exec(text) ?? [];
  return to === undefined ? { maximum: Number(from) } : { minimum: Number(from), maximum: Number(to) };
}

/** With a minimum: scaled by what the server says. */
export interface Pollers {
  readonly minimum?: number;
  readonly maximum: number;
}

/** `auto_upgrade`: runs go on with the current version. `pinned`: each finishes on its own. `off`: no versions. */
export const WorkerVersioning = z.enum(['auto_upgrade', 'pinned', 'off']);
export type WorkerVersioning = z.infer<typeof WorkerVersioning>;

/** Temporal keeps `deployment.build`, and names beginning with two underscores, for itself. */
const versionName = z
  .string()
  .regex(/^(?!__)[^\s.:]{1,200}$/, 'must have neither dots, colons nor spaces, and not begin with __');
const buildName = z
  .string()
  .regex(/^(?!__)[^\s:]{1,200}$/, 'must have neither colons nor spaces, and not begin with __');

export const taskQueue = z.string().min(1).max(200);
const queueNames = z
  .string()
  .transform((text) => text.split(',').map((name) => name.trim()))
  .pipe(z.array(taskQueue));

export const workerVariables = {
  TEMPORAL_DEPLOYMENT_NAME: versionName.optional(),
  TEMPORAL_WORKER_BUILD_ID: buildName.optional(),
  COUNTERSIGN_WORKER_TASK_QUEUES: queueNames.optional(),
  COUNTERSIGN_WORKER_VERSIONING: WorkerVersioning.default('auto_upgrade'),
  COUNTERSIGN_WORKER_PROMOTE: z.enum(['new', 'never']).optional(),
  COUNTERSIGN_WORKER_DRAIN_SECONDS: count(1, 86_400).default(45),
  COUNTERSIGN_WORKER_STEPS: count(1, 10_000).optional(),
  COUNTERSIGN_WORKER_WORKFLOW_TASKS: count(2, 10_000).optional(),
  COUNTERSIGN_WORKER_CACHED_RUNS: count(0, 100_000).optional(),
  COUNTERSIGN_WORKER_POLLERS: pollers.optional(),
  COUNTERSIGN_WORKER_TARGET_MEMORY: share.optional(),
  COUNTERSIGN_WORKER_TARGET_CPU: share.optional(),
};

type Values = z.output<z.ZodObject<typeof workerVariables>>;

/** Slots and pollers of one worker. */
export interface WorkerCapacity {
  /** Model calls, tools and other steps at a time. */
  readonly steps: number;
  readonly workflowTasks: number;
  /** Runs whose state is kept in memory; others are replayed when they move. */
  readonly cachedRuns: number;
  /** The SDK's own number where it is not set. */
  readonly pollers: Pollers | undefined;
  /** Takes on work only while the machine is below both. */
  readonly target: { readonly memory: number; readonly cpu: number } | undefined;
}

/** What fits a machine that does nothing else. */
export const DEFAULT_CAPACITY: WorkerCapacity = {
  steps: 200,
  workflowTasks: 40,
  cachedRuns: 500,
  pollers: undefined,
  target: undefined,
};

export interface WorkerConfig {
  /** Where the API starts runs, unless others are named. */
  readonly taskQueues: readonly string[];
  readonly capacity: WorkerCapacity;
  /** How long steps under way may take when the worker is asked to stop. */
  readonly drainMs: number;
  readonly versioning: WorkerVersioning;
  readonly deploymentName: string;
  /** By content where it is not set. */
  readonly buildId: string | undefined;
  /** Whether a version that was never current becomes it with its first worker. */
  readonly promotes: boolean;
}

/** What Temporal keeps for itself in names of deployments is a dash. */
const deploymentNameOf = (name: string): string => name.replaceAll(/[.:\s]/g, '-').replace(/^__/, '--');

export function workerConfig(values: Values, apiTaskQueue: string): WorkerConfig {
  const { COUNTERSIGN_WORKER_TARGET_MEMORY: memory, COUNTERSIGN_WORKER_TARGET_CPU: cpu } = values;
  const isManaged = values.TEMPORAL_DEPLOYMENT_NAME !== undefined;
  const taskQueues = values.COUNTERSIGN_WORKER_TASK_QUEUES ?? [apiTaskQueue];
  return {
    taskQueues,
    capacity: {
      steps: values.COUNTERSIGN_WORKER_STEPS ?? DEFAULT_CAPACITY.steps,
      workflowTasks: values.COUNTERSIGN_WORKER_WORKFLOW_TASKS ?? DEFAULT_CAPACITY.workflowTasks,
      cachedRuns: values.COUNTERSIGN_WORKER_CACHED_RUNS ?? DEFAULT_CAPACITY.cachedRuns,
      pollers:
        values.COUNTERSIGN_WORKER_POLLERS === undefined ? undefined : pollersOf(values.COUNTERSIGN_WORKER_POLLERS),
      target: memory === undefined && cpu === undefined ? undefined : { memory: memory ?? 0.8, cpu: cpu ?? 0.9 },
    },
    drainMs: values.COUNTERSIGN_WORKER_DRAIN_SECONDS * 1_000,
    versioning: values.COUNTERSIGN_WORKER_VERSIONING,
    deploymentName: values.TEMPORAL_DEPLOYMENT_NAME ?? deploymentNameOf(taskQueues[0] ?? apiTaskQueue),
    buildId: values.TEMPORAL_WORKER_BUILD_ID,
    // Whoever names deployments, such as Temporal's worker controller, also says what is current.
    promotes: (values.COUNTERSIGN_WORKER_PROMOTE ?? (isManaged ? 'never' : 'new')) === 'new',
  };
}
