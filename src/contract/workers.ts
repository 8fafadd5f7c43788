/** Workers as operators see them: versions of a deployment, who serves them, and which runs nobody serves. */
import { z } from 'zod';

const instant = z.iso.datetime();

export const WorkerVersion = z
  .object({
    buildId: z.string(),
    status: z.enum(['inactive', 'current', 'ramping', 'draining', 'drained']).meta({
      description:
        '`current`: new runs go there, and those that upgrade by themselves. `draining`: only runs pinned to it are left, `drained`: none. `inactive`: it has never had any',
    }),
    rampPercentage: z.number().optional().meta({ description: 'Of a ramping one: the share of new runs that it gets' }),
    workers: z.number().int().meta({ description: 'Processes that have lately asked for work' }),
    runs: z.number().int().meta({ description: 'Unfinished runs that last went on there' }),
    pinnedRuns: z.number().int().meta({ description: 'Of these, the ones that stay there whatever becomes current' }),
    createdAt: instant,
    activatedAt: instant.optional(),
    deactivatedAt: instant.optional(),
  })
  .meta({ id: 'WorkerVersion' });

export const UnservedRun = z
  .object({
    tenant: z.string(),
    project: z.string(),
    runId: z.string(),
    buildId: z.string().optional(),
    reason: z.enum(['version_without_worker', 'no_worker']).meta({
      description: '`version_without_worker`: it is pinned to one. `no_worker`: where it would go on, nobody is',
    }),
  })
  .meta({ id: 'UnservedRun' });

export const WorkerFleet = z
  .object({
    deploymentName: z.string(),
    taskQueues: z.array(z.string()),
    versions: z.array(WorkerVersion).meta({ description: 'Newest first; none where workers have no versions' }),
    unversionedWorkers: z.number().int().meta({ description: 'Processes without a version' }),
    unserved: z.array(UnservedRun).meta({ description: 'Unfinished runs that nobody carries on, a hundred at most' }),
    hasMoreUnserved: z.boolean(),
    changedBy: z.string().optional().meta({ description: 'Who has changed last what is current' }),
  })
  .meta({ id: 'WorkerFleet' });
export type WorkerFleet = z.infer<typeof WorkerFleet>;

/** What came of moving runs to another version. */
export const MovedRuns = z.object({
  moved: z.array(z.string()),
  refused: z.array(z.object({ workflowId: z.string(), reason: z.string() })),
});

/** What was asked for was not done. */
export const DeploymentRefusal = z.object({ refused: z.string() });
