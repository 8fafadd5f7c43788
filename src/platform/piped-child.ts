// Child processes that we talk to over pipes and that never outlive us: each runs under scripts/supervise.mjs.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { ChildExit } from './child-process.ts';

const supervisorScript = fileURLToPath(new URL('../../scripts/supervise.mjs', import.meta.url));

export interface PipedProgram {
  readonly command: string;
  readonly arguments: readonly string[];
  /** All of it: see `childEnvironment`. */
  readonly environment: Readonly<Record<string, string>>;
  readonly directory?: string;
  /** How long it may take to stop before all of its group is killed. @default 2000 */
  readonly killAfterMs?: number;
}

export interface PipedChild {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Settles when it has ended and its output is read; `error` where it could not be started. */
  readonly exited: Promise<ChildExit | { readonly error: string }>;
  /** Asks it to stop, kills it and all that it has started if it does not, and waits until it has ended. */
  stop(): Promise<void>;
}

type Report = { pid: number } | { error: string } | { exit: ChildExit };

/** Starts a program in a process group of its own; all of the group ends when the program does, or when we end. */
export function startPiped(program: PipedProgram): PipedChild {
  const instruction = {
    command: program.command,
    arguments: program.arguments,
    directory: program.directory,
    killAfterMs: program.killAfterMs ?? 2_000,
    pipes: true,
  };
  const supervisor = spawn(process.execPath, [supervisorScript, JSON.stringify(instruction)], {
    env: program.environment,
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe', 'pipe', 'pipe'],
  });
  const [lifeline, reports, stderr, stdin, stdout] = supervisor.stdio as unknown as [
    Writable,
    Readable,
    Readable,
    Writable,
    Readable,
  ];
  // Who writes to a program that has ended hears of its end by `exited`.
  for (const stream of [lifeline, stdin]) stream.on('error', () => {});
  let exit: ChildExit | { readonly error: string } | undefined;
  createInterface({ input: reports }).on('line', (line) => {
    const report = JSON.parse(line) as Report;
    if ('error' in report) exit = { error: report.error };
    else if ('exit' in report) exit = report.exit;
  });
  // A supervisor that ends by itself without a report has started nothing; one that was killed may have.
  const exited = once(supervisor, 'close').then(
    (values) => {
      const [code, signal] = values as [number | null, NodeJS.Signals | null];
      return exit ?? (signal === null ? { error: 'it could not be started' } : { code, signal });
    },
    (error: unknown) => ({ error: error instanceof Error ? error.message : 'unknown' }),
  );
  return {
    stdin,
    stdout,
    stderr,
    exited,
    async stop() {
      lifeline.end();
      await exited;
    },
  };
}
