// The command line as a process of its own, as people and scripts start it: without a terminal.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { COMPILE_CACHE_VARIABLE, childEnvironment } from '../../src/platform/environment/child-environment.ts';

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

export interface CliResult {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
  /** What it printed, as JSON. */
  json(): Record<string, unknown>;
}

export type Cli = (...words: readonly string[]) => Promise<CliResult>;

/** One that is still running: what it has printed so far, and how it ends. */
export interface RunningCli {
  out(): string;
  err(): string;
  kill(signal: 'SIGINT'): void;
  readonly ended: Promise<CliResult>;
}

export type StartCli = (...words: readonly string[]) => RunningCli;

/** With the environment of nobody in particular and what is given. */
export const startCliWith =
  (environment: Readonly<Record<string, string>>): StartCli =>
  (...words) => {
    const child = spawn(process.execPath, [main, ...words], {
      env: { ...childEnvironment([COMPILE_CACHE_VARIABLE]), TZ: 'UTC', ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const printed = { out: '', err: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => (printed.out += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (printed.err += text));
    const ended = once(child, 'close').then(([code]): CliResult => {
      const { out, err } = printed;
      return { code: code as number | null, out, err, json: () => JSON.parse(out) };
    });
    return { out: () => printed.out, err: () => printed.err, kill: (signal) => void child.kill(signal), ended };
  };

export const cliWith = (environment: Readonly<Record<string, string>>): Cli => {
  const start = startCliWith(environment);
  return (...words) => start(...words).ended;
};
