/** How much a worker takes on, as Temporal's options. */
import type { WorkerOptions } from '@temporalio/worker';
import type { Pollers, WorkerCapacity } from '../platform/worker-config.ts';

type PollerBehavior = NonNullable<WorkerOptions['workflowTaskPollerBehavior']>;

type Capacity = Pick<
  WorkerOptions,
  | 'tuner'
  | 'maxConcurrentActivityTaskExecutions'
  | 'maxConcurrentWorkflowTaskExecutions'
  | 'maxConcurrentLocalActivityExecutions'
  | 'maxCachedWorkflows'
  | 'workflowTaskPollerBehavior'
  | 'activityTaskPollerBehavior'
>;

/** One poll for tasks of runs that it holds, one for others. */
const MIN_WORKFLOW_POLLERS = 2;
/** The SDK's first guess. */
const INITIAL_POLLERS = 5;

export const capacityOptions = (capacity: WorkerCapacity): Capacity => ({
  ...slots(capacity),
  // A parked run costs rows, not memory: whatever falls out of the cache is replayed when it moves.
  maxCachedWorkflows: capacity.cachedRuns,
  ...(capacity.pollers && {
    workflowTaskPollerBehavior: behavior(capacity.pollers, MIN_WORKFLOW_POLLERS),
    activityTaskPollerBehavior: behavior(capacity.pollers, 1),
  }),
});

/** Steps wait for models and tools, they do not compute: a number will do, unless the machine is shared. */
function slots({ steps, workflowTasks, target }: WorkerCapacity): Partial<Capacity> {
  if (!target) {
    return {
      maxConcurrentActivityTaskExecutions: steps,
      maxConcurrentWorkflowTaskExecutions: workflowTasks,
      maxConcurrentLocalActivityExecutions: workflowTasks,
    };
  }
  return {
    tuner: {
      tunerOptions: { targetMemoryUsage: target.memory, targetCpuUsage: target.cpu },
      activityTaskSlotOptions: { maximumSlots: steps },
      workflowTaskSlotOptions: { minimumSlots: MIN_WORKFLOW_POLLERS, maximumSlots: workflowTasks },
      localActivityTaskSlotOptions: { maximumSlots: workflowTasks },
    },
  };
}

function behavior({ minimum, maximum }: Pollers, least: number): PollerBehavior {
  const most = Math.max(least, maximum);
  if (minimum === undefined) return { type: 'simple-maximum', maximum: most };
  const from = Math.max(least, minimum);
  return {
    type: 'autoscaling',
    minimum: from,
    maximum: most,
    initial: Math.min(most, Math.max(from, INITIAL_POLLERS)),
  };
}
