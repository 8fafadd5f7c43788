// Schemathesis, which makes requests of an OpenAPI document and judges the answers by it: installed once from PyPI.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { childEnvironment } from '../../src/platform/environment/child-environment.ts';
import { pythonWith } from './python.ts';

const VERSION = '4.32.5';

export const schemathesisPython = (): Promise<string> =>
  pythonWith({ name: `schemathesis-${VERSION}`, packages: [`schemathesis==${VERSION}`], expectSeconds: 15 });

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
