// A project as `countersign init` writes it, in a directory of its own, used as its author would: by npm.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../src/platform/services/free-port.ts';
import { childEnvironment } from '../../src/platform/environment/child-environment.ts';
import { cliWith } from '../cli/run-cli.ts';
import { temporaryDirectory } from './temporary-directory.ts';
import { waitFor } from './wait-for.ts';

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** What `npm start` says once all is up. */
export interface Started {
  readonly pending: readonly { readonly runId: string; readonly key: string; readonly digest: string }[];
  err(): string;
  /** Ctrl-C; settles when all has stopped. */
  stop(): Promise<Ended>;
}

interface Running {
  out(): string;
  err(): string;
  readonly ended: Promise<Ended>;
}

export interface Project {
  readonly directory: string;
  npm(...words: readonly string[]): Promise<Ended>;
  /** `npm run countersign -- …`, with what it printed as JSON. */
  countersign(...words: readonly string[]): Promise<Record<string, unknown>>;
  /** `npm start`, once all is up. */
  start(): Promise<Started>;
  remove(): void;
}

export async function initProject(): Promise<Project> {
  const parent = temporaryDirectory();
  const directory = join(parent, 'shop');
  const stateHome = join(parent, 'state');
  const environment = { XDG_STATE_HOME: stateHome };
  // Its npm knows no registry: what init writes needs none.
  const init = await cliWith({ ...environment, npm_config_offline: 'true' })('init', directory);
  if (init.code !== 0) throw new Error(init.err);

  const begin = (...words: readonly string[]): Running => {
    const child = spawn('npm', words, {
      cwd: directory,
      env: { ...childEnvironment(), TZ: 'UTC', ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const printed = { out: '', err: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => (printed.out += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (printed.err += text));
    const ended = once(child, 'close').then(([code]): Ended => ({ code: code as number | null, ...printed }));
    return { out: () => printed.out, err: () => printed.err, ended };
  };

  const npm = (...words: readonly string[]): Promise<Ended> => begin(...words).ended;

  return {
    directory,
    npm,
    async countersign(...words) {
      const ended = await npm('run', '--silent', 'countersign', '--', ...words, '--json');
      if (ended.code !== 0) throw new Error(ended.err);
      return JSON.parse(ended.out) as Record<string, unknown>;
    },
    async start() {
      const running = begin('start', '--silent', '--', '--json', '--port', String(await freePort()));
      const isUp = () => running.out().includes('\n}\n');
      const failed = running.ended.then(({ err: text }) => Promise.reject(new Error(text)));
      await Promise.race([waitFor('the project to be up', isUp, { timeoutMs: 90_000 }), failed]);
      failed.catch(() => undefined);
      const { pid, pending } = JSON.parse(running.out()) as Pick<Started, 'pending'> & { pid: number };
      return {
        pending,
        err: running.err,
        async stop() {
          process.kill(pid, 'SIGINT');
          return running.ended;
        },
      };
    },
    remove() {
      const states = join(stateHome, 'countersign');
      for (const name of existsSync(states) ? readdirSync(states) : []) {
        const record = join(states, name, 'services', 'postgres.json');
        try {
          const { home } = JSON.parse(readFileSync(record, 'utf8')) as { home: string };
          rmSync(home, { recursive: true, force: true });
        } catch {
          // It has had no database.
        }
      }
      rmSync(parent, { recursive: true, force: true });
    },
  };
}

export const fromCheckout = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
