/** Worker and API as one child process; what it prints goes to its log. */
import { join } from 'node:path';
import { startSupervised } from '../../platform/child-process.ts';
import type { SupervisedChild } from '../../platform/child-process.ts';
import { installationEnvironment } from '../../platform/environment/child-environment.ts';
import { awaitReady, logSizeBytes } from '../../platform/ready-line.ts';
import type { Ready } from '../../platform/ready-line.ts';
import { projectRoot } from '../project-root.ts';

const program = join(projectRoot, 'src', 'processes', 'all-in-one.ts');
const startTimeoutMs = 90_000;
/** It lets steps under way finish. */
const stopTimeoutMs = 35_000;

export interface AllInOneProcess {
  readonly child: SupervisedChild;
  /** Undefined where it ended before it was ready, or said nothing in time. */
  readonly ready: Ready | undefined;
}

export interface AllInOneProcessOptions {
  readonly log: string;
  readonly stateDirectory: string;
  readonly directory: string;
  /** Called before it is ready, so that it can be stopped. */
  readonly onStart: (child: SupervisedChild) => Promise<unknown>;
}

export async function startAllInOneProcess(
  changes: Readonly<Record<string, string>>,
  { log, stateDirectory, directory, onStart }: AllInOneProcessOptions,
): Promise<AllInOneProcess> {
  const fromBytes = logSizeBytes(log);
  const child = await startSupervised({
    command: process.execPath,
    arguments: [program],
    directory,
    environment: installationEnvironment(changes),
    logFile: log,
    pidFile: join(stateDirectory, 'countersign.pid'),
    killAfterMs: stopTimeoutMs,
  });
  await onStart(child);
  const { pid, isRunning } = child;
  const deadlineMs = Date.now() + startTimeoutMs;
  return { child, ready: await awaitReady({ logFile: log, fromBytes, pid, isRunning, deadlineMs }) };
}
