/** A worker deployment on a screen. */
import type { WorkerFleet } from '../../contract/workers.ts';
import { COMMAND } from '../context.ts';
import type { Terminal } from '../terminal.ts';
import { fields, own, table } from './table.ts';
import { relative } from './time.ts';

export function workerFleetScreen(terminal: Terminal, fleet: WorkerFleet, nowMs: number): string {
  const { deploymentName, taskQueues, versions, unversionedWorkers, unserved, hasMoreUnserved, changedBy } = fleet;
  const rows = versions.map(({ buildId, status, rampPercentage, workers, runs, pinnedRuns, createdAt }) => [
    buildId,
    rampPercentage === undefined ? status : `${status} ${rampPercentage} %`,
    workers === 0 && pinnedRuns > 0 ? own(terminal.style('red', 'none')) : String(workers),
    pinnedRuns > 0 ? `${runs}, ${pinnedRuns} pinned` : String(runs),
    relative(createdAt, nowMs),
  ]);
  return [
    fields(terminal, [
      ['Deployment', deploymentName],
      ['Queues', taskQueues.join(', ')],
      ...(changedBy === undefined ? [] : [['Changed by', changedBy] as const]),
      ...(unversionedWorkers === 0 ? [] : [['Unversioned', `${unversionedWorkers} workers`] as const]),
    ]),
    '',
    rows.length === 0
      ? 'No versioned worker has come yet.'
      : table(terminal, ['BUILD', 'STATUS', 'WORKERS', 'RUNS', 'CREATED'], rows),
    ...(unserved.length === 0 ? [] : ['', ...unservedLines(terminal, fleet)]),
    ...(hasMoreUnserved ? ['… and more'] : []),
  ].join('\n');
}

/** Runs that nobody carries on, and how they get on again. */
export function unservedLines(terminal: Terminal, { unserved }: Pick<WorkerFleet, 'unserved'>): readonly string[] {
  const rows = unserved.map(({ tenant, project, runId, buildId = '', reason }) => [
    runId,
    `${tenant}/${project}`,
    buildId,
    reason === 'no_worker' ? 'no worker is there' : 'pinned to a version without a worker',
  ]);
  const pinned = unserved.find(({ reason }) => reason === 'version_without_worker');
  return [
    terminal.style('red', 'Nobody carries these runs on:'),
    table(terminal, ['RUN', 'PROJECT', 'BUILD', 'WHY'], rows),
    ...(pinned === undefined
      ? ['Start a worker.']
      : [
          `Start workers of the version ${pinned.buildId} again, or move its runs to the current one:`,
          `  ${COMMAND} worker deploy move --from ${pinned.buildId}`,
        ]),
  ];
}
