/** Asks a process of the system that talks to Temporal itself: the command line speaks HTTP only. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { installationEnvironment } from '../../platform/environment/child-environment.ts';
import { CliError, EXIT } from '../exit-codes.ts';
import { projectRoot } from '../project-root.ts';

export interface AskedProcess {
  readonly program: 'read-history' | 'deployments' | 'doctor';
  readonly arguments: readonly string[];
  /** What its environment has beside this one's. */
  readonly environment?: Readonly<Record<string, string>>;
  /** `The history of … could not be read`: what to say where it did not answer. */
  readonly failure: string;
  readonly next: string;
}

/** What it printed, as JSON. Throws a CliError where it gave no answer. */
export async function askProcess(asked: AskedProcess): Promise<unknown> {
  const program = join(projectRoot, 'src', 'processes', `${asked.program}.ts`);
  const child = spawn(process.execPath, [program, ...asked.arguments], {
    env: installationEnvironment(asked.environment ?? {}),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const printed = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (printed.out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (printed.err += text));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code === 0) return JSON.parse(printed.out) as unknown;
  const reason = /^\s*(?:\w*Error: )(.+(?:\n {2}- .+)*)$/m.exec(printed.err)?.[1] ?? 'it gave no reason';
  throw new CliError(EXIT.unreachable, `${asked.failure}: ${reason}`, asked.next);
}
