/**
 * Goes on as one of the system's own processes, with the same process id, signals and output: what `systemd` or a
 * container started is what it stops. Loaded by path, since the command line knows nothing of what a process joins.
 */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { projectRoot } from '../project-root.ts';
import { showError } from '../show/problem.ts';
import type { Terminal } from '../terminal.ts';

export type OwnProcess = 'api' | 'worker' | 'migrate' | 'bundle';

export async function becomeProcess(name: OwnProcess, terminal: Terminal): Promise<void> {
  try {
    await import(pathToFileURL(join(projectRoot, 'src', 'processes', `${name}.ts`)).href);
  } catch (error) {
    // Half of it may have been started: nothing of that is to stay.
    process.exit(showError(terminal, error, false));
  }
}
