/** What to measure and how much of it. */
import { parseArgs } from 'node:util';

export const MEASURES = {
  a: 'start to approval pending',
  b: 'decision to tool entered',
  c: 'completed runs per second',
  d: 'memory of parked runs',
  e: 'history and stored bytes',
  f: 'cost of late turns',
  g: 'conflicting deciders',
} as const;

export type Measure = keyof typeof MEASURES;

export interface Sizes {
  /** Ours and floor take turns this many times, so that drift of the machine falls on both. */
  readonly rounds: number;
  readonly sequentialRunsPerRound: number;
  readonly concurrentRounds: number;
  readonly concurrentRunsPerRound: number;
  readonly clients: number;
  readonly warmUpRuns: number;
  /** Approved turns of the long run. */
  readonly turns: number;
  /** Runs parked before the memory is looked at, to fill the worker's cache and let the heaps grow; those parked after. */
  readonly parkedBefore: number;
  readonly parkedRuns: number;
  readonly conflictRounds: number;
}

const SHARED = { clients: 32, conflictRounds: 20 } as const;

const FULL: Sizes = {
  ...SHARED,
  rounds: 5,
  sequentialRunsPerRound: 60,
  concurrentRounds: 3,
  concurrentRunsPerRound: 320,
  warmUpRuns: 64,
  turns: 200,
  parkedBefore: 700,
  parkedRuns: 1_000,
};

const QUICK: Sizes = {
  ...SHARED,
  rounds: 3,
  sequentialRunsPerRound: 16,
  concurrentRounds: 2,
  concurrentRunsPerRound: 64,
  warmUpRuns: 32,
  turns: 50,
  parkedBefore: 60,
  parkedRuns: 200,
};

export interface BenchOptions {
  readonly quick: boolean;
  readonly measures: ReadonlySet<Measure>;
  readonly jsonFile: string | undefined;
  readonly sizes: Sizes;
}

export const USAGE = `Usage: npm run bench -- [--quick] [--json FILE] [--only ${Object.keys(MEASURES).join(',')}]
${Object.entries(MEASURES)
  .map(([letter, what]) => `  ${letter}  ${what}`)
  .join('\n')}`;

const isMeasure = (letter: string): letter is Measure => Object.hasOwn(MEASURES, letter);

/** Throws an Error whose message tells what is wrong with the arguments. */
export const readOptions = (args: readonly string[]): BenchOptions => {
  const { values } = parseArgs({
    args: [...args],
    options: { quick: { type: 'boolean' }, json: { type: 'string' }, only: { type: 'string' } },
  });
  const letters = (values.only ?? Object.keys(MEASURES).join(',')).split(',').map((letter) => letter.trim());
  const unknown = letters.filter((letter) => !isMeasure(letter));
  if (unknown.length > 0) throw new Error(`No such measure: ${unknown.join(', ')}`);
  const quick = values.quick ?? false;
  return {
    quick,
    measures: new Set(letters.filter(isMeasure)),
    jsonFile: values.json,
    sizes: quick ? QUICK : FULL,
  };
};
