// The one place that starts git. Repositories are read as untrusted data: their configuration may name programs and
// files, so every such setting is switched off, and only plumbing commands that read objects are run.
import { spawn } from 'node:child_process';
import { childEnvironment } from '../../../platform/environment/child-environment.ts';
import { ToolError } from '../tool.ts';

/** A repository whose directories were checked: see `openRepository`. */
export interface GitDirectory {
  /** Real path of the git directory. */
  readonly gitDirectory: string;
}

export interface GitRequest {
  readonly repository: GitDirectory;
  /** A plumbing command and its arguments; values from outside come after `--end-of-options`. */
  readonly args: readonly string[];
  readonly input?: string;
  readonly maxOutputBytes: number;
  readonly signal: AbortSignal;
}

const DEADLINE_MS = 30_000;
const NOTHING = '/dev/null';

/** Values win over the repository's own configuration. None of it is needed by plumbing; a list is safer than a hope. */
const SETTINGS: readonly (readonly [name: string, value: string])[] = [
  // Programs
  ['core.fsmonitor', 'false'],
  ['core.hooksPath', NOTHING],
  ['core.pager', 'cat'],
  ['core.editor', 'false'],
  ['core.askPass', 'false'],
  ['core.sshCommand', 'false'],
  ['core.gitProxy', 'false'],
  ['core.alternateRefsCommand', 'false'],
  ['credential.helper', ''],
  ['gpg.program', 'false'],
  ['gpg.openpgp.program', 'false'],
  ['gpg.ssh.program', 'false'],
  ['gpg.x509.program', 'false'],
  ['log.showSignature', 'false'],
  ['sequence.editor', 'false'],
  ['uploadpack.packObjectsHook', 'false'],
  ['gc.auto', '0'],
  ['maintenance.auto', 'false'],
  // Transports: nothing is fetched, also not an object that a partial clone lacks.
  ['protocol.allow', 'never'],
  ['fetch.recurseSubmodules', 'false'],
  ['submodule.recurse', 'false'],
  ['diff.ignoreSubmodules', 'all'],
  // Files outside, and files that only speed things up
  ['core.attributesFile', NOTHING],
  ['core.excludesFile', NOTHING],
  ['mailmap.file', NOTHING],
  ['log.mailmap', 'false'],
  ['diff.renames', 'false'],
  ['core.commitGraph', 'false'],
  ['core.multiPackIndex', 'false'],
];

const FLAGS: readonly string[] = ['--no-pager', '--no-replace-objects', '--literal-pathspecs', '--no-optional-locks'];

/** Nothing of our own environment but where programs are. `GIT_*` wins over any configuration. */
const environment = (): Record<string, string> => ({
  PATH: childEnvironment()['PATH'] ?? '/usr/local/bin:/usr/bin:/bin',
  LC_ALL: 'C.UTF-8',
  HOME: '/nonexistent',
  XDG_CONFIG_HOME: '/nonexistent',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_SYSTEM: NOTHING,
  GIT_CONFIG_GLOBAL: NOTHING,
  GIT_ATTR_NOSYSTEM: '1',
  GIT_GRAFT_FILE: NOTHING,
  GIT_NO_REPLACE_OBJECTS: '1',
  GIT_NO_LAZY_FETCH: '1',
  // Older versions know no GIT_NO_LAZY_FETCH; they may not use any transport either.
  GIT_ALLOW_PROTOCOL: 'none',
  GIT_PROTOCOL_FROM_USER: '0',
  GIT_OPTIONAL_LOCKS: '0',
  GIT_TERMINAL_PROMPT: '0',
  GIT_ASKPASS: 'false',
  SSH_ASKPASS: 'false',
  GIT_SSH_COMMAND: 'false',
  GIT_PROXY_COMMAND: 'false',
  GIT_EDITOR: 'false',
  GIT_PAGER: 'cat',
});

/**
 * Runs one git command and gives what it printed, or undefined where it failed: why, is on stderr, which is not read,
 * since it may quote the repository's configuration. Throws a {@link ToolError} where time or output run over, and the
 * signal's reason where the caller aborted; the child is killed then.
 */
export async function runGit(request: GitRequest): Promise<Buffer | undefined> {
  request.signal.throwIfAborted();
  const settings = SETTINGS.flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const child = spawn('git', [...settings, ...FLAGS, `--git-dir=${request.repository.gitDirectory}`, ...request.args], {
    // Not in the repository: nothing there is taken for a working tree.
    cwd: '/',
    env: environment(),
    stdio: ['pipe', 'pipe', 'ignore'],
    // A group of its own, so that killing it leaves no grandchild.
    detached: true,
  });
  const killGroup = (): void => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    } catch {
      // It ended by itself.
    }
  };
  const deadline = AbortSignal.timeout(DEADLINE_MS);
  const stop = AbortSignal.any([request.signal, deadline]);
  stop.addEventListener('abort', killGroup, { once: true });
  try {
    const printed: Buffer[] = [];
    let bytes = 0;
    child.stdout.on('data', (part: Buffer) => {
      bytes += part.byteLength;
      if (bytes <= request.maxOutputBytes) printed.push(part);
      else killGroup();
    });
    // A child that ends before it has read everything is no failure of ours.
    child.stdin.on('error', () => {});
    child.stdin.end(request.input ?? '');
    const exitCode = await new Promise<number | null>((resolve) => {
      child.once('error', () => resolve(null));
      child.once('close', resolve);
    });
    request.signal.throwIfAborted();
    if (deadline.aborted) throw new ToolError('git_timeout', `git took longer than ${DEADLINE_MS / 1000} seconds.`);
    if (bytes > request.maxOutputBytes) throw new ToolError('output_too_large', 'The answer of git is too large.');
    if (child.pid === undefined) throw new ToolError('git_missing', 'git is not installed on this machine.');
    return exitCode === 0 ? Buffer.concat(printed) : undefined;
  } finally {
    stop.removeEventListener('abort', killGroup);
    killGroup();
  }
}
