// Child processes that never outlive us: each runs under scripts/supervise.mjs, which stops it when we are gone.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { isSameProcessAlive, processStartTime } from '../../scripts/process-lock.mjs';

const supervisorScript = fileURLToPath(new URL('../../scripts/supervise.mjs', import.meta.url));
const logLimitBytes = 10 * 1024 * 1024;
const orphanGraceMs = 1_500;

export interface ChildProgram {
  readonly command: string;
  readonly arguments: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** What it prints is appended here. */
  readonly logFile: string;
  readonly directory?: string;
  /** Whom it runs as, when we are root and it must not be. */
  readonly user?: { readonly uid: number; readonly gid: number } | undefined;
  /** How it is asked to stop. @default 'SIGTERM' */
  readonly stopSignal?: 'SIGTERM' | 'SIGINT';
  /** How long it may take to stop before it is killed. @default 5000 */
  readonly killAfterMs?: number;
  /** Remembers its pid, so that the next start can end it should even its supervisor have been killed. */
  readonly pidFile?: string;
}

export interface ChildExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface SupervisedChild {
  readonly pid: number;
  /** Settles when it has ended, for whatever reason. */
  readonly exited: Promise<ChildExit>;
  /** True until it has ended. */
  isRunning(): boolean;
  /** Asks it to stop, kills it if it does not, and waits until it has ended. */
  stop(): Promise<void>;
}

type Report = { pid: number } | { error: string } | { exit: ChildExit };

/** Starts a program that ends when this process ends, however this process ends. */
export async function startSupervised(program: ChildProgram): Promise<SupervisedChild> {
  if (program.pidFile !== undefined) await endOrphan(program.pidFile, program.stopSignal ?? 'SIGTERM');
  const log = openLog(program.logFile);
  const instruction = {
    command: program.command,
    arguments: program.arguments,
    directory: program.directory,
    ...program.user,
    stopSignal: program.stopSignal,
    killAfterMs: program.killAfterMs,
  };
  const supervisor = spawn(process.execPath, [supervisorScript, JSON.stringify(instruction)], {
    env: program.environment,
    // A session of its own: Ctrl-C in the terminal reaches us alone, and we stop children in our own order.
    detached: true,
    stdio: ['pipe', 'pipe', log],
  });
  closeSync(log);
  const { stdin: lifeline, stdout: reports } = supervisor;
  if (lifeline === null || reports === null) throw new Error('a child process was started without its pipes');
  lifeline.on('error', () => {});

  const started = deferred<number>();
  const exited = deferred<ChildExit>();
  let running = true;
  createInterface({ input: reports }).on('line', (line) => {
    const report = JSON.parse(line) as Report;
    if ('pid' in report) started.resolve(report.pid);
    else if ('error' in report) started.reject(new Error(`${program.command} could not be started: ${report.error}`));
    else exited.resolve(report.exit);
  });
  // A supervisor that is killed cannot report; its own end then stands for the program's.
  supervisor.on('close', (code, signal) => {
    running = false;
    started.reject(new Error(`${program.command} could not be started (${signal ?? `exit code ${code}`})`));
    exited.resolve({ code, signal });
    if (program.pidFile !== undefined) forgetPid(program.pidFile);
  });
  supervisor.on('error', (error) => started.reject(error));

  const pid = await started.promise;
  if (program.pidFile !== undefined && running) rememberPid(program.pidFile, pid);
  return {
    pid,
    exited: exited.promise,
    isRunning: () => running,
    stop: async () => {
      lifeline.end();
      if (running) await once(supervisor, 'close');
    },
  };
}

/** Runs a program to its end, supervised; resolves to true if it succeeded. Aborting stops it. */
export async function runToEnd(program: ChildProgram, signal?: AbortSignal): Promise<boolean> {
  const child = await startSupervised(program);
  const abort = () => void child.stop();
  if (signal?.aborted === true) abort();
  signal?.addEventListener('abort', abort, { once: true });
  const exit = await child.exited;
  signal?.removeEventListener('abort', abort);
  return exit.code === 0;
}

/** The end of a log file, for an error message. */
export function tailOfLog(logFile: string, lines = 5): string {
  try {
    return readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
  } catch {
    return '';
  }
}

interface Deferred<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: Error) => void;
}

function deferred<T>(): Deferred<T> {
  let resolve: (value: T) => void = () => {};
  let reject: (error: Error) => void = () => {};
  const promise = new Promise<T>((onResolve, onReject) => {
    [resolve, reject] = [onResolve, onReject];
  });
  return { promise, resolve, reject };
}

function openLog(file: string): number {
  const sizeBytes = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  if (sizeBytes > logLimitBytes) renameSync(file, `${file}.old`);
  return openSync(file, 'a', 0o600);
}

function rememberPid(file: string, pid: number): void {
  writeFileSync(file, JSON.stringify({ pid, startedAt: processStartTime(pid) }), { mode: 0o600 });
}

function forgetPid(file: string): void {
  rmSync(file, { force: true });
}

/** Ends what an earlier start has left running: first its supervisor gets the time to do so, then we do it. */
async function endOrphan(pidFile: string, stopSignal: NodeJS.Signals): Promise<void> {
  const orphan = readPid(pidFile);
  if (orphan === undefined) return;
  const endedWithin = async (waitMs: number) => {
    const deadline = Date.now() + waitMs;
    while (isSameProcessAlive(orphan) && Date.now() < deadline) await delay(50);
    return !isSameProcessAlive(orphan);
  };
  if (!(await endedWithin(orphanGraceMs))) {
    process.kill(orphan.pid, stopSignal);
    if (!(await endedWithin(5_000))) {
      process.kill(orphan.pid, 'SIGKILL');
      await endedWithin(5_000);
    }
  }
  forgetPid(pidFile);
}

function readPid(file: string): { pid: number; startedAt: string } | undefined {
  try {
    const record: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (typeof record !== 'object' || record === null || !('pid' in record) || !('startedAt' in record))
      return undefined;
    const { pid, startedAt } = record;
    return Number.isInteger(pid) && typeof startedAt === 'string' ? { pid: Number(pid), startedAt } : undefined;
  } catch {
    return undefined;
  }
}
