// How every entry script goes on: install what is missing, then continue under the project's own Node.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { join } from 'node:path';
import { ensureInstalled, projectNode, projectRoot } from './ensure-installed.mjs';

const endWithParent = new URL('./end-with-parent.mjs', import.meta.url).href;
// Compiled code is kept between starts, which halves the time that a command takes to begin.
const compileCache = join(projectRoot, 'node_modules', '.cache', 'node-compile');
const forwardedSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** Runs the project's Node with these arguments in place of this process: same terminal, signals and exit code. */
export async function runUnderProjectNode(nodeArguments, { directory = process.cwd() } = {}) {
  try {
    await ensureInstalled();
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
    return;
  }
  const child = spawn(projectNode, ['--import', endWithParent, ...nodeArguments], {
    cwd: directory,
    env: { NODE_COMPILE_CACHE: compileCache, ...process.env },
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  });
  // A terminal sends Ctrl-C to the whole group, so the child has it already: passing it on would count as a second
  // Ctrl-C. Either way this process stays until the child has tidied up.
  const handlers = forwardedSignals.map((signal) => {
    const handler = () => {
      const fromTerminal = signal !== 'SIGTERM' && hasTerminal();
      if (!fromTerminal) child.kill(signal);
    };
    process.on(signal, handler);
    return [signal, handler];
  });
  child.on('error', (error) => {
    process.stderr.write(`${projectNode} could not be started: ${error.message}\n`);
    process.exitCode = 1;
  });
  child.on('exit', (code, signal) => {
    for (const [name, handler] of handlers) process.off(name, handler);
    process.exitCode = signal === null ? (code ?? 1) : 128 + constants.signals[signal];
  });
}

function hasTerminal() {
  return [process.stdin, process.stdout, process.stderr].some((stream) => stream.isTTY === true);
}
