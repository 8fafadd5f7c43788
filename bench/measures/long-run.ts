/** One run with many approved turns: what a turn costs in history, and whether late turns cost what early ones do. */
import type { Client } from '@temporalio/client';
import { say } from '../progress.ts';
import { median } from '../statistics.ts';
import type { Subject } from '../subject.ts';
import { readHistory } from './history.ts';
import type { Cost } from './history.ts';

/** Early turns are the second to the eleventh: the first one fills caches. */
const EARLY = { from: 1, to: 11 } as const;
const LATE_TURNS = 10;

export interface TurnCost extends Cost {
  /** From a decision sent to the next approval seen pending. */
  readonly turnMs: number;
}

export interface LongRun {
  readonly turns: number;
  readonly early: TurnCost;
  readonly late: TurnCost;
  readonly continuedAsNew: number;
  readonly turnsMs: readonly number[];
}

const take = async (subject: Subject, turns: number): Promise<{ runId: string; turnsMs: number[] }> => {
  const run = await subject.start(turns);
  const turnsMs: number[] = [];
  await run.pending(1);
  for (let turn = 1; turn <= turns; turn += 1) {
    const decidedAt = performance.now();
    const [seenAt] = await Promise.all([turn < turns ? run.pending(turn + 1) : undefined, run.approve()]);
    if (seenAt !== undefined) turnsMs.push(seenAt - decidedAt);
    if (turn % 50 === 0) say(`e, f  ${subject.name}: ${turn} of ${turns} turns`);
  }
  await run.ended;
  return { runId: run.runId, turnsMs };
};

export const measureLongRun = async (client: Client, subject: Subject, turns: number): Promise<LongRun> => {
  const { runId, turnsMs } = await take(subject, turns);
  const history = await readHistory(client, subject.workflowIdOf(runId));
  const middle = (from: number, to?: number): TurnCost => ({
    turnMs: median(turnsMs.slice(from, to)),
    events: median(history.turns.slice(from, to).map((turn) => turn.events)),
    bytes: median(history.turns.slice(from, to).map((turn) => turn.bytes)),
  });
  return {
    turns,
    early: middle(EARLY.from, EARLY.to),
    late: middle(-LATE_TURNS),
    continuedAsNew: history.continuedAsNew,
    turnsMs,
  };
};
