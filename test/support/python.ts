// Python programs of tests, each in a virtual environment of its own: installed once from PyPI, outside of the checkout.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { childEnvironment } from '../../src/platform/environment/child-environment.ts';
import { userDirectories } from '../../src/platform/environment/user-directories.ts';
import { streamProgress } from '../../src/platform/progress.ts';
import { cachedProgram } from '../../src/platform/services/program-cache.ts';
import { cacheDirectory } from '../../src/platform/state-directory.ts';

/** The oldest that they run on. */
const OLDEST = { major: 3, minor: 10 };
const run = promisify(execFile);

const NO_PYTHON =
  `This test needs Python ${OLDEST.major}.${OLDEST.minor} or newer with its modules venv and pip ` +
  '(Debian: apt-get install python3 python3-venv). Install it, or leave the test out by `npm test -- --exclude <its file>`.';

/** Throws, and says what to install, where there is none that will do. */
async function python(): Promise<string> {
  const question = `import sys, venv, ensurepip; sys.exit(sys.version_info < (${OLDEST.major}, ${OLDEST.minor}))`;
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

export interface PythonPackages {
  /** Names the environment: another version of the packages is another name. */
  readonly name: string;
  /** What `pip install` is given: packages, or `-r` and a file. */
  readonly packages: readonly string[];
  readonly expectSeconds: number;
}

/** The Python of a virtual environment that has the packages. */
export async function pythonWith({ name, packages, expectSeconds }: PythonPackages): Promise<string> {
  const progress = streamProgress(process.stderr);
  return cachedProgram({
    cacheDirectory: cacheDirectory(userDirectories().cacheHome),
    name,
    file: 'bin/python',
    progress,
    install: async (directory) => {
      const command = await python();
      await progress.during(`Installing ${name}`, { expectSeconds }, async () => {
        const env = childEnvironment(PIP_VARIABLES);
        await run(command, ['-m', 'venv', directory], { env });
        const quiet = ['--quiet', '--disable-pip-version-check', '--no-input'];
        await run(`${directory}/bin/python`, ['-m', 'pip', 'install', ...quiet, ...packages], { env });
      });
    },
  });
}
