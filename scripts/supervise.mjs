// Runs one program that must not outlive whoever wanted it. The parent holds this script's stdin open and never
// writes to it: when the parent ends, however it ends, the pipe closes and the program is told to stop, then killed.
//
//   node supervise.mjs '{"command", "arguments", "directory"?, "uid"?, "gid"?, "stopSignal"?, "killAfterMs"?, "pipes"?}'
//
// Reports on stdout, one JSON object a line: {"pid"} or {"error"}, then {"exit": {"code", "signal"}}.
// The program's own output goes to this script's stderr, which the parent points at a log file. With `pipes` the program
// reads from descriptor 3 and writes to 4, which the parent holds, and only its errors go to stderr.
import { closeSync } from 'node:fs';
import { spawn } from 'node:child_process';

const program = JSON.parse(process.argv[2]);
const stopSignal = program.stopSignal ?? 'SIGTERM';
const killAfterMs = program.killAfterMs ?? 5_000;

// The reader of the reports may be gone already; that must not keep us from stopping the program.
process.stdout.on('error', () => {});
const report = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);

// What a local service writes, a database above all, is its user's alone.
process.umask(0o077);
const child = spawn(program.command, program.arguments, {
  ...(program.directory === undefined ? {} : { cwd: program.directory }),
  ...(program.uid === undefined ? {} : { uid: program.uid, gid: program.gid }),
  // A group of its own: what the program has started can be swept away with it.
  detached: true,
  stdio: program.pipes ? [3, 4, 2] : ['ignore', 2, 2],
});
// Held by the program alone, so that the parent sees when it is done with them.
if (program.pipes) [3, 4].forEach((descriptor) => closeSync(descriptor));

let stopping = false;
function stop() {
  if (stopping) return;
  stopping = true;
  child.kill(stopSignal);
  setTimeout(killGroup, killAfterMs).unref();
}

function killGroup() {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  } catch {
    // Nothing is left of it.
  }
}

child.on('spawn', () => report({ pid: child.pid }));
child.on('error', (error) => {
  if (child.pid !== undefined) return;
  report({ error: error.message });
  process.stdin.destroy();
  process.exitCode = 127;
});
child.on('exit', (code, signal) => {
  killGroup();
  report({ exit: { code, signal } });
  process.stdin.destroy();
  process.exitCode = code ?? 1;
});

process.stdin.on('end', stop).on('error', stop).on('close', stop).resume();
process.on('SIGTERM', stop);
// Ctrl-C and a closed terminal are the parent's to answer, in its own order.
process.on('SIGINT', () => {});
process.on('SIGHUP', () => {});
