/** The report for people. */
import type { FaultReport } from './drive.ts';

const percentile = (sorted: readonly number[], share: number): number | undefined =>
  sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)];

const seconds = (ms: number | undefined): string => (ms === undefined ? '–' : `${(ms / 1_000).toFixed(1)} s`);

const counts = (names: readonly string[]): string =>
  [...Map.groupBy(names, (name) => name)].map(([name, all]) => `${all.length} ${name}`).join(', ') || 'none';

export const movedOnTimes = ({ kills }: FaultReport): readonly number[] =>
  kills
    .flatMap(({ movedOnMs, runsAtWork = 0 }) => (movedOnMs === undefined || runsAtWork === 0 ? [] : [movedOnMs]))
    .toSorted((a, b) => a - b);

export const tableOf = (report: FaultReport): string => {
  const { decisions, operator, kills } = report;
  const times = movedOnTimes(report);
  const zero = (list: readonly string[]) =>
    list.length === 0 ? '0' : `${list.length} ✗ ${list.slice(0, 3).join(' ')}`;
  const statuses = Object.entries(report.statuses).map(([status, count]) => `${count} ${status}`);
  const parked = `${operator.markedDone} marked done, ${operator.retried} retried, ${operator.failed} failed`;
  const rows: readonly (readonly [string, string])[] = [
    ['runs', `${report.runs}: ${statuses.join(', ')}`],
    ['kills', `${kills.length}: ${counts(kills.map((kill) => kill.what))}`],
    ['decisions', `${decisions.length}: ${counts(decisions.map((one) => one.decision))}`],
    ['  answered', counts(decisions.map((one) => `${one.status} ${one.told}`))],
    ['by the operator', `${parked}, ${operator.unblocked} unblocked`],
    ['effects', String(report.effects)],
    ['  duplicates', zero(report.duplicates)],
    ['  unapproved', zero(report.unapproved)],
    ['lost', zero(report.lost)],
    ['broken chains', zero(report.brokenChains)],
    [
      'moved on after a worker died',
      `p50 ${seconds(percentile(times, 0.5))}, p95 ${seconds(percentile(times, 0.95))}, most ${seconds(times.at(-1))} (${times.length} kills)`,
    ],
    ['took', seconds(report.tookMs)],
    ['seed', String(report.seed)],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join('\n');
};
