// Schemathesis, which makes requests of an OpenAPI document and judges the answers by it: installed once from PyPI.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { childEnvironment } from '../../src/platform/environment/child-environment.ts';
import { userDirectories } from '../../src/platform/environment/user-directories.ts';
import { streamProgress } from '../../src/platform/progress.ts';
import { cachedProgram } from '../../src/platform/services/program-cache.ts';
import { cacheDirectory } from '../../src/platform/state-directory.ts';

const VERSION = '4.32.5';
/** The oldest that it runs on. */
const PYTHON = { major: 3, minor: 10 };
const run = promisify(execFile);

const NO_PYTHON =
  `The contract test needs Python ${PYTHON.major}.${PYTHON.minor} or newer with its modules venv and pip ` +
  '(Debian: apt-get install python3 python3-venv). Install it, or leave the test out by `npm test -- --exclude test/contract`.';

/** Throws, and says what to install, where there is none that will do. */
async function python(): Promise<string> {
  const question = `import sys, venv, ensurepip; sys.exit(sys.version_info < (${PYTHON.major}, ${PYTHON.minor}))`;
  for (const command of ['python3', 'python']) {
    const works = await run(command, ['-c', question], { env: childEnvironment() }).then(
      () => true,
      () => false,
    );
    if (works) return command;
  }
  throw new Error(NO_PYTHON);
}

/** How pip is told where packages are, on machines that are not told so by a file. */
const PIP_VARIABLES = ['PIP_INDEX_URL', 'PIP_CONFIG_FILE', 'HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'SSL_CERT_FILE'];

/** The Python of a virtual environment that has it. */
export async function schemathesisPython(): Promise<string> {
  const progress = streamProgress(process.stderr);
  return cachedProgram({
    cacheDirectory: cacheDirectory(userDirectories().cacheHome),
    name: `schemathesis-${VERSION}`,
    file: 'bin/python',
    progress,
    install: async (directory) => {
      const command = await python();
      await progress.during(`Installing schemathesis ${VERSION}`, { expectSeconds: 15 }, async () => {
        const env = childEnvironment(PIP_VARIABLES);
        await run(command, ['-m', 'venv', directory], { env });
        const quiet = ['--quiet', '--disable-pip-version-check', '--no-input'];
        await run(`${directory}/bin/python`, ['-m', 'pip', 'install', ...quiet, `schemathesis==${VERSION}`], { env });
      });
    },
  });
}

export interface Verdict {
  readonly code: number | null;
  /** What it printed. */
  readonly output: string;
}

/** Runs `schemathesis run` in a directory whose `schemathesis.toml` configures it. */
export async function runSchemathesis(
  directory: string,
  documentUrl: string,
  options: readonly string[],
): Promise<Verdict> {
  const child = spawn(await schemathesisPython(), ['-m', 'schemathesis.cli', 'run', documentUrl, ...options], {
    cwd: directory,
    env: { ...childEnvironment(), NO_COLOR: '1', COLUMNS: '160' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  }
  await once(child, 'close');
  return { code: child.exitCode, output };
}
