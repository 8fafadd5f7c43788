// API and worker as processes of their own, to be measured or killed. They end with the process that started them, however it ends.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { COMPILE_CACHE_VARIABLE, childEnvironment } from '../platform/environment/child-environment.ts';
import { tailOfLog } from '../platform/child-process.ts';

const fromRoot = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));

export interface ServerProcess {
  readonly pid: number;
  /** What it said on standard output once it was ready. */
  readonly ready: Readonly<Record<string, unknown>>;
  isRunning(): boolean;
  /** `kill -9`; settles when it is gone. */
  kill(): Promise<void>;
  /** Asks it to stop; settles when it has. */
  stop(): Promise<void>;
}

export interface ServerProgram {
  /** `src/processes/api.ts` or `src/processes/worker.ts`. */
  readonly program: string;
  /** Behind the program's name. */
  readonly arguments?: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly logFile: string;
}

/** Settles when the process says that it is ready. */
export async function startProcess(server: ServerProgram): Promise<ServerProcess> {
  const { program, environment, logFile } = server;
  const log = openSync(logFile, 'a', 0o600);
  const parts = ['--import', fromRoot('scripts/end-with-parent.mjs'), fromRoot(program), ...(server.arguments ?? [])];
  const child = spawn(process.execPath, parts, {
    cwd: fromRoot('.'),
    env: { ...childEnvironment([COMPILE_CACHE_VARIABLE]), ...environment },
    stdio: ['ignore', 'pipe', log, 'ipc'],
  });
  closeSync(log);
  if (child.stdout === null || child.pid === undefined) throw new Error(`${program} was started without its pipes`);
  const { pid } = child;
  const ended = once(child, 'exit').then(() => undefined);
  const isRunning = () => child.exitCode === null && child.signalCode === null;
  const end = async (signal: 'SIGKILL' | 'SIGTERM') => {
    if (isRunning()) process.kill(pid, signal);
    await ended;
  };
  const firstLine = once(createInterface({ input: child.stdout }), 'line').then(([line]) => String(line));
  const line = await Promise.race([firstLine, ended]);
  if (line === undefined) throw new Error(`${program} ended before it was ready:\n${tailOfLog(logFile, 20)}`);
  const ready = JSON.parse(line) as Record<string, unknown>;
  return { pid, ready, isRunning, kill: () => end('SIGKILL'), stop: () => end('SIGTERM') };
}
