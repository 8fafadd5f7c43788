/** What to measure and how much of it. */
import { parseArgs } from 'node:util';
import type { ApiSizes } from './api/bench-api.ts';

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

const API_FULL: ApiSizes = {
  decisions: [
    { clients: 1, decisions: 200 },
    { clients: 32, decisions: 640 },
    { clients: 256, decisions: 1_024 },
  ],
  streams: [10, 100, 1_000],
  rounds: 10,
  warmUpDecisions: 64,
  meanwhile: { clients: 32, decisions: 320 },
};

const API_QUICK: ApiSizes = {
  ...API_FULL,
  decisions: [
    { clients: 1, decisions: 30 },
    { clients: 32, decisions: 128 },
    { clients: 256, decisions: 256 },
  ],
  rounds: 5,
  warmUpDecisions: 32,
  meanwhile: { clients: 32, decisions: 64 },
};

export interface BenchOptions {
  /** `api`: one API with processes of its own, instead of ours against the floor. */
  readonly suite: 'floor' | 'api';
  readonly quick: boolean;
  readonly measures: ReadonlySet<Measure>;
  readonly jsonFile: string | undefined;
  readonly sizes: Sizes;
  readonly apiSizes: ApiSizes;
}

export const USAGE = `Usage: npm run bench -- [--quick] [--json FILE] [--only ${Object.keys(MEASURES).join(',')}]
       npm run bench -- api [--quick] [--json FILE]
${Object.entries(MEASURES)
  .map(([letter, what]) => `  ${letter}  ${what}`)
  .join('\n')}`;

const isMeasure = (letter: string): letter is Measure => Object.hasOwn(MEASURES, letter);

/** Throws an Error whose message tells what is wrong with the arguments. */
export const readOptions = (args: readonly string[]): BenchOptions => {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { quick: { type: 'boolean' }, json: { type: 'string' }, only: { type: 'string' } },
  });
  const [suite = 'floor', ...more] = positionals;
  if ((suite !== 'floor' && suite !== 'api') || more.length > 0)
    throw new Error(`No such suite: ${positionals.join(' ')}`);
  if (suite === 'api' && values.only !== undefined)
    throw new Error('--only chooses among the measures against the floor.');
  const letters = (values.only ?? Object.keys(MEASURES).join(',')).split(',').map((letter) => letter.trim());
  const unknown = letters.filter((letter) => !isMeasure(letter));
  if (unknown.length > 0) throw new Error(`No such measure: ${unknown.join(', ')}`);
  const quick = values.quick ?? false;
  return {
    suite,
    quick,
    measures: new Set(letters.filter(isMeasure)),
    jsonFile: values.json,
    sizes: quick ? QUICK : FULL,
    apiSizes: quick ? API_QUICK : API_FULL,
  };
};
