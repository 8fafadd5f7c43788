/** How many runs, for how long, by which dice. */
import { parseArgs } from 'node:util';

export interface FaultOptions {
  readonly runs: number;
  /** Runs that are under way at a time. */
  readonly concurrency: number;
  /** More runs are started until so many kills have come. */
  readonly minKills: number;
  readonly seed: number;
  readonly jsonFile: string | undefined;
}

export const USAGE = `Usage: npm run faults -- [--runs N] [--seed N] [--quick] [--json FILE]
  --runs N   runs to carry through (300; with --quick 40)
  --seed N   throws the same dice again`;

/** The first kills hit a worker, an API, PostgreSQL and Temporal, in turn. */
const EACH_ONCE = 4;

const wholeNumber = (name: string, text: string): number => {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new Error(`--${name} must be a whole number`);
  return value;
};

/** Throws an Error whose message tells what is wrong with the arguments. */
export const readOptions = (args: readonly string[]): FaultOptions => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      runs: { type: 'string' },
      seed: { type: 'string' },
      quick: { type: 'boolean' },
      json: { type: 'string' },
    },
  });
  return {
    runs: values.runs === undefined ? (values.quick ? 40 : 300) : wholeNumber('runs', values.runs),
    concurrency: 12,
    minKills: EACH_ONCE,
    seed: values.seed === undefined ? Date.now() % 2 ** 31 : wholeNumber('seed', values.seed),
    jsonFile: values.json,
  };
};
