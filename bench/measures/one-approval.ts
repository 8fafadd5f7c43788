/** Start to pending, decision to tool entered, and decision answered: runs one after the other. */
import { interleave } from '../interleave.ts';
import type { Compared } from '../interleave.ts';
import type { Sizes } from '../options.ts';
import { say } from '../progress.ts';
import { median, summaryOf } from '../statistics.ts';
import type { Summary } from '../statistics.ts';
import type { Subject } from '../subject.ts';

interface Sample {
  readonly pendingMs: number;
  readonly enteredMs: number;
  readonly answeredMs: number;
}

interface Latencies {
  readonly ours: Summary;
  readonly floor: Summary;
  /** Medians, ours ÷ floor, round by round. */
  readonly ratios: readonly number[];
}

export interface OneApproval {
  readonly pendingMs: Latencies;
  readonly enteredMs: Latencies;
  readonly answeredMs: Latencies;
}

const oneRun = async (subject: Subject): Promise<Sample> => {
  const startedAt = performance.now();
  const run = await subject.start(1);
  const pendingAt = await run.pending(1);
  const decidedAt = performance.now();
  await run.approve();
  const answeredAt = performance.now();
  await run.ended;
  return {
    pendingMs: pendingAt - startedAt,
    enteredMs: run.entered(1) - decidedAt,
    answeredMs: answeredAt - decidedAt,
  };
};

const latenciesOf = (samples: Compared<Sample[]>, field: keyof Sample): Latencies => {
  const values = (rounds: readonly Sample[][]) => rounds.map((round) => round.map((sample) => sample[field]));
  const [ours, floor] = [values(samples.ours), values(samples.floor)];
  return {
    ours: summaryOf(ours.flat()),
    floor: summaryOf(floor.flat()),
    ratios: ours.map((round, index) => median(round) / median(floor[index] ?? [])),
  };
};

export const measureOneApproval = async (subjects: readonly [Subject, Subject], sizes: Sizes): Promise<OneApproval> => {
  const samples = await interleave(subjects, sizes.rounds, async (subject, round) => {
    const runs: Sample[] = [];
    for (let count = 0; count < sizes.sequentialRunsPerRound; count += 1) runs.push(await oneRun(subject));
    say(`a, b  round ${round} of ${sizes.rounds}, ${subject.name}: ${middle(runs)}`);
    return runs;
  });
  return {
    pendingMs: latenciesOf(samples, 'pendingMs'),
    enteredMs: latenciesOf(samples, 'enteredMs'),
    answeredMs: latenciesOf(samples, 'answeredMs'),
  };
};

const middle = (runs: readonly Sample[]): string => {
  const ms = (field: keyof Sample) => median(runs.map((run) => run[field])).toFixed(1);
  return `pending after ${ms('pendingMs')} ms, tool entered after ${ms('enteredMs')} ms`;
};
