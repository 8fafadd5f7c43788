/** API and worker as processes of their own, which end with this one. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { tailOfLog } from '../../src/platform/child-process.ts';
import { childEnvironment } from '../../src/platform/environment/child-environment.ts';

const fromRoot = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));

export interface StartedProcess {
  readonly pid: number;
  /** What it said once it was ready. */
  readonly ready: Readonly<Record<string, unknown>>;
  stop(): Promise<void>;
}

export async function startProcess(
  program: string,
  environment: Readonly<Record<string, string>>,
  logFile: string,
): Promise<StartedProcess> {
  const log = openSync(logFile, 'a', 0o600);
  const child = spawn(process.execPath, ['--import', fromRoot('scripts/end-with-parent.mjs'), fromRoot(program)], {
    cwd: fromRoot('.'),
    env: { ...childEnvironment(), ...environment },
    stdio: ['ignore', 'pipe', log, 'ipc'],
  });
  closeSync(log);
  const ended = once(child, 'exit').then(() => undefined);
  const { stdout, pid } = child;
  if (stdout === null || pid === undefined) throw new Error(`${program} was started without its pipes`);
  const firstLine = once(createInterface({ input: stdout }), 'line').then(([line]) => String(line));
  const line = await Promise.race([firstLine, ended]);
  if (line === undefined) throw new Error(`${program} ended before it was ready:\n${tailOfLog(logFile, 20)}`);
  return {
    pid,
    ready: JSON.parse(line) as Record<string, unknown>,
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}
