/** The figures that have a goal or a floor, as rows of a table. */
import type { Measure } from './options.ts';
import type { Results } from './results.ts';

export interface Row {
  readonly measure: Measure;
  readonly what: string;
  readonly ours: number;
  readonly floor?: number;
  readonly unit: string;
  readonly digits: number;
  /** Ours ÷ floor, or late ÷ early. */
  readonly ratio?: number;
  /** `of`: what the goal is about, the ratio or our own figure. */
  readonly goal?: { readonly of: 'ratio' | 'ours'; readonly atMost?: number; readonly atLeast?: number };
}

/** Undefined where there is no goal. */
export const isMet = ({ ours, ratio, goal }: Row): boolean | undefined => {
  if (!goal) return undefined;
  const figure = goal.of === 'ratio' ? (ratio ?? Number.NaN) : ours;
  return figure <= (goal.atMost ?? Infinity) && figure >= (goal.atLeast ?? -Infinity);
};

const ratioAtMost = (atMost: number) => ({ of: 'ratio', atMost }) as const;
const MIB = 1_024 * 1_024;
const KIB = 1_024;

export const rowsOf = (results: Results): Row[] => [
  ...latencyRows(results),
  ...throughputRows(results),
  ...memoryRows(results),
  ...storageRows(results),
  ...flatnessRows(results),
  ...conflictRows(results),
];

function latencyRows({ oneApproval }: Results): Row[] {
  if (!oneApproval) return [];
  const { pendingMs, enteredMs, answeredMs } = oneApproval;
  const row = (measure: Measure, what: string, figures: typeof pendingMs, share: 'p50' | 'p95'): Row => {
    const [ours, floor] = [figures.ours[share], figures.floor[share]];
    return { measure, what: `${what}, ${share}`, ours, floor, unit: 'ms', digits: 1, ratio: ours / floor };
  };
  return [
    { ...row('a', 'start → pending seen', pendingMs, 'p50'), goal: ratioAtMost(1.7) },
    row('a', 'start → pending seen', pendingMs, 'p95'),
    { ...row('b', 'decision → tool entered', enteredMs, 'p50'), goal: ratioAtMost(1.4) },
    row('b', 'decision → tool entered', enteredMs, 'p95'),
    row('b', 'decision answered', answeredMs, 'p50'),
    row('b', 'decision answered', answeredMs, 'p95'),
  ];
}

function throughputRows({ throughput }: Results): Row[] {
  if (!throughput) return [];
  const { ours, floor } = throughput;
  const row = (what: string, field: keyof typeof ours, unit: string): Row => ({
    ...{ measure: 'c', what, unit, digits: 1 },
    ours: ours[field],
    floor: floor[field],
    ratio: ours[field] / floor[field],
  });
  return [
    { ...row('completed runs, 32 clients', 'runsPerSecond', '/s'), goal: { of: 'ratio', atLeast: 0.7 } },
    row('CPU a run, this process', 'cpuMsPerRun', 'ms'),
  ];
}

function memoryRows({ parkedMemory }: Results): Row[] {
  if (!parkedMemory) return [];
  const { parkedRuns, rssBytesPer1000Runs, heapBytesPer1000Runs } = parkedMemory;
  const base = { measure: 'd', unit: 'MiB', digits: 1 } as const;
  // So few do not reach the plateau: garbage that nobody has collected yet is in it.
  const how = parkedRuns < 1_000 ? `, extrapolated from ${parkedRuns}` : '';
  return [
    { ...base, what: `RSS per 1,000 parked runs${how}`, ours: rssBytesPer1000Runs / MIB },
    { ...base, what: `JS heap per 1,000 parked runs${how}`, ours: heapBytesPer1000Runs / MIB },
  ];
}

function storageRows({ longRun, storedBytes }: Results): Row[] {
  const rows: Row[] = [];
  const add = (row: Omit<Row, 'measure'>) => rows.push({ measure: 'e', ...row });
  if (longRun) {
    const { ours, floor } = longRun;
    const events = {
      ours: ours.early.events,
      floor: floor.early.events,
      ratio: ours.early.events / floor.early.events,
    };
    const bytes = { ours: ours.early.bytes / KIB, floor: floor.early.bytes / KIB };
    const goal = { of: 'ours', atMost: 22 } as const;
    add({ what: 'history events a turn', ...events, unit: '', digits: 0, goal });
    add({ what: 'history a turn', ...bytes, ratio: bytes.ours / bytes.floor, unit: 'KiB', digits: 1 });
  }
  if (storedBytes) {
    const { postgresBytesPerRun, historyBytesPerRun, historyEventsPerRun, statementsPerRun } = storedBytes;
    add({ what: 'history events a run', ours: historyEventsPerRun, unit: '', digits: 0 });
    add({ what: 'history a run', ours: historyBytesPerRun / KIB, unit: 'KiB', digits: 1 });
    add({ what: 'PostgreSQL statements a run', ours: statementsPerRun, unit: '', digits: 1 });
    add({ what: 'PostgreSQL a run, with indexes', ours: postgresBytesPerRun / KIB, unit: 'KiB', digits: 1 });
  }
  return rows;
}

/** Here the floor's column is the run's own early turns. */
function flatnessRows({ longRun }: Results): Row[] {
  if (!longRun) return [];
  const { early, late, turns } = longRun.ours;
  const row = (what: string, field: keyof typeof early, unit: string, digits: number, scale = 1): Row => ({
    ...{ measure: 'f', unit, digits, goal: ratioAtMost(1.15) },
    what: `${what}, turns ${turns - 9} to ${turns} ÷ 2 to 11`,
    ours: late[field] / scale,
    floor: early[field] / scale,
    ratio: late[field] / early[field],
  });
  return [
    row('decision → next pending', 'turnMs', 'ms', 1),
    row('history events', 'events', '', 0),
    row('history', 'bytes', 'KiB', 1, KIB),
  ];
}

function conflictRows({ conflicts }: Results): Row[] {
  if (!conflicts) return [];
  const { answeredMs } = conflicts;
  const base = { measure: 'g', unit: 'ms', digits: 0 } as const;
  return [
    { ...base, what: 'ten deciders, all answered', ours: answeredMs.max, goal: { of: 'ours', atMost: 250 } },
    { ...base, what: 'ten deciders, answered, p95', ours: answeredMs.p95 },
  ];
}
