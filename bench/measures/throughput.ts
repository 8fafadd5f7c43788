/** Completed one-approval runs per second with many clients at once, each: start, watch, approve, wait for the end. */
import { interleave } from '../interleave.ts';
import type { Sizes } from '../options.ts';
import { say } from '../progress.ts';
import { median } from '../statistics.ts';
import { completeOne } from '../subject.ts';
import type { Subject } from '../subject.ts';

interface Round {
  readonly runsPerSecond: number;
  /** Of this process: client, API and worker, or the bare worker and its client. */
  readonly cpuMsPerRun: number;
}

interface Rate {
  readonly runsPerSecond: number;
  readonly cpuMsPerRun: number;
}

export interface Throughput {
  readonly ours: Rate;
  readonly floor: Rate;
  readonly ratios: readonly number[];
}

/** So many clients share out so many runs among them. */
export const completeMany = async (clients: number, runs: number, one: () => Promise<void>): Promise<void> => {
  let begun = 0;
  const client = async () => {
    while (begun < runs) {
      begun += 1;
      await one();
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
};

const oneRound = async (subject: Subject, { clients, concurrentRunsPerRound: runs }: Sizes): Promise<Round> => {
  const cpuBefore = process.cpuUsage();
  const startedAt = performance.now();
  await completeMany(clients, runs, () => completeOne(subject));
  const seconds = (performance.now() - startedAt) / 1_000;
  const { user, system } = process.cpuUsage(cpuBefore);
  return { runsPerSecond: runs / seconds, cpuMsPerRun: (user + system) / 1_000 / runs };
};

const rateOf = (rounds: readonly Round[]): Rate => ({
  runsPerSecond: median(rounds.map((round) => round.runsPerSecond)),
  cpuMsPerRun: median(rounds.map((round) => round.cpuMsPerRun)),
});

export const measureThroughput = async (subjects: readonly [Subject, Subject], sizes: Sizes): Promise<Throughput> => {
  const { ours, floor } = await interleave(subjects, sizes.concurrentRounds, async (subject, round) => {
    const result = await oneRound(subject, sizes);
    const rate = `${result.runsPerSecond.toFixed(1)} runs/s`;
    say(`c     round ${round} of ${sizes.concurrentRounds}, ${subject.name}: ${rate}`);
    return result;
  });
  const ratios = ours.map((round, index) => round.runsPerSecond / (floor[index]?.runsPerSecond ?? Number.NaN));
  return { ours: rateOf(ours), floor: rateOf(floor), ratios };
};
