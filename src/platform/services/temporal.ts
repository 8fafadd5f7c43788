// The Temporal development server, tuned so that a hop takes milliseconds instead of its stock 50.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { startSupervised, tailOfLog } from '../child-process.ts';
import type { ChildExit, SupervisedChild } from '../child-process.ts';
import { childEnvironment } from '../environment/child-environment.ts';
import type { TemporalEndpoint } from '../temporal-endpoint.ts';
import type { Progress } from '../progress.ts';
import { acceptsConnections, freePort } from './free-port.ts';
import { LocalServiceError } from './local-service-error.ts';
import { lockService } from './service-lock.ts';
import { temporalExecutable } from './temporal-binary.ts';

const startTimeoutMs = 60_000;
const connectTimeoutMs = 5_000;
const portAttempts = 3;

/** A stock development server polls its queues 20 times a second; these make the same hop take 8 to 10 ms. */
const dynamicConfig = [
  'history.transferProcessorMaxPollRPS=2000',
  'history.timerProcessorMaxPollRPS=2000',
  'history.visibilityProcessorMaxPollRPS=2000',
  'matching.numTaskqueueReadPartitions=1',
  'matching.numTaskqueueWritePartitions=1',
  'system.enableActivityEagerExecution=true',
  'history.MaxBufferedQueryCount=1000',
];
/** Keeps what a killed server leaves, at a fraction of the cost of the defaults. Only files have a journal. */
const sqlitePragmas = ['journal_mode=wal', 'synchronous=normal'];

/** What runs are found by in Temporal's own tools. */
export const countersignSearchAttributes = {
  CountersignTenant: 'Keyword',
  CountersignProject: 'Keyword',
  CountersignAgent: 'Keyword',
  CountersignStatus: 'Keyword',
} as const;

export interface TemporalOptions {
  /** Where its database, lock and pid file lie. */
  readonly directory: string;
  readonly cacheDirectory: string;
  /** A server of the operator's own (`TEMPORAL_ADDRESS`): used as it is, nothing is started. */
  readonly endpoint?: TemporalEndpoint | undefined;
  readonly cliPath?: string | undefined;
  /** @default 'default' */
  readonly namespace?: string;
  readonly ui: boolean;
  /** @default any free port */
  readonly port?: number;
  /** @default any free port */
  readonly uiPort?: number;
  /** `null` keeps everything in memory. @default `temporal.db` in the directory */
  readonly databaseFile?: string | null;
  /** @default {@link countersignSearchAttributes} */
  readonly searchAttributes?: Readonly<Record<string, string>>;
  readonly progress: Progress;
  readonly logFile: string;
}

export interface TemporalService {
  readonly address: string;
  readonly namespace: string;
  readonly uiUrl?: string;
  /** Not set when the server is not ours. */
  readonly pid?: number;
  /** Settles if a server of ours ends; never for one that is not ours. */
  readonly exited: Promise<ChildExit>;
  stop(): Promise<void>;
}

/** Starts a Temporal server of our own, or checks the one that is configured. Resolves when it answers. */
export async function startTemporal(options: TemporalOptions): Promise<TemporalService> {
  const namespace = options.namespace ?? 'default';
  if (options.endpoint !== undefined) return useExisting(options.endpoint, namespace, options);

  mkdirSync(options.directory, { recursive: true, mode: 0o700 });
  const lock = lockService(options.directory, 'temporal');
  try {
    const executable = await temporalExecutable(options);
    const server = await options.progress.during(
      'Starting Temporal',
      { expectSeconds: 3, logFile: options.logFile },
      () => startOnFreePorts(executable, namespace, options),
    );
    void server.exited.then(() => lock.release());
    return server;
  } catch (error) {
    lock.release();
    throw error;
  }
}

async function useExisting(
  endpoint: TemporalEndpoint,
  namespace: string,
  options: TemporalOptions,
): Promise<TemporalService> {
  const { address } = endpoint;
  await options.progress.during(`Connecting to Temporal at ${address}`, {}, async () => {
    const answer = await askServer(endpoint, namespace);
    if (answer === 'ready') return;
    const reason = answer === 'no_namespace' ? `it has no namespace ${namespace}` : 'it does not answer';
    throw new LocalServiceError(
      `Temporal at ${address} (TEMPORAL_ADDRESS) cannot be used: ${reason}.`,
      'Start or correct it, or unset TEMPORAL_ADDRESS to let Countersign start a local server.',
    );
  });
  return { address, namespace, exited: new Promise(() => {}), stop: async () => {} };
}

async function startOnFreePorts(
  executable: string,
  namespace: string,
  options: TemporalOptions,
): Promise<TemporalService> {
  const attempts = options.port === undefined ? portAttempts : 1;
  for (let attempt = 1; ; attempt += 1) {
    const port = options.port ?? (await freePort());
    const uiPort = options.ui ? (options.uiPort ?? (await freePort())) : undefined;
    const child = await startSupervised({
      command: executable,
      arguments: serverArguments({ port, uiPort, namespace }, options),
      environment: childEnvironment(),
      logFile: options.logFile,
      pidFile: join(options.directory, 'temporal.pid'),
    });
    if (await answers(child, port, namespace)) {
      const ui = uiPort === undefined ? {} : { uiUrl: `http://127.0.0.1:${uiPort}` };
      const { pid, exited, stop } = child;
      return { address: `127.0.0.1:${port}`, namespace, ...ui, pid, exited, stop };
    }
    await child.stop();
    if (attempt >= attempts) throw startFailure(options);
  }
}

function serverArguments(
  server: { port: number; uiPort: number | undefined; namespace: string },
  options: TemporalOptions,
): string[] {
  const databaseFile =
    options.databaseFile === undefined ? join(options.directory, 'temporal.db') : options.databaseFile;
  const searchAttributes = Object.entries(options.searchAttributes ?? countersignSearchAttributes);
  return [
    ...['server', 'start-dev', '--ip', '127.0.0.1', '--port', String(server.port)],
    ...['--log-level', 'warn', '--log-format', 'json'],
    // The user's own Temporal profiles point at other servers and have no business here.
    ...['--disable-config-file', '--disable-config-env'],
    ...(server.namespace === 'default' ? [] : ['--namespace', server.namespace]),
    ...(server.uiPort === undefined ? ['--headless'] : ['--ui-port', String(server.uiPort)]),
    ...dynamicConfig.flatMap((value) => ['--dynamic-config-value', value]),
    ...searchAttributes.flatMap(([name, type]) => ['--search-attribute', `${name}=${type}`]),
    ...(databaseFile === null ? [] : ['--db-filename', databaseFile]),
    ...(databaseFile === null ? [] : sqlitePragmas.flatMap((pragma) => ['--sqlite-pragma', pragma])),
  ];
}

async function answers(child: SupervisedChild, port: number, namespace: string): Promise<boolean> {
  const deadlineMs = Date.now() + startTimeoutMs;
  const gone = () => !child.isRunning();
  // A gRPC channel that was refused once waits a second before it tries again; a bare socket does not.
  while (await acceptsConnections(port, deadlineMs, gone)) {
    if ((await askServer({ address: `127.0.0.1:${port}` }, namespace)) === 'ready') return child.isRunning();
    await delay(25);
  }
  return false;
}

/** A real call, not a guess: the server must know the namespace that the work will run in. */
async function askServer(
  endpoint: TemporalEndpoint,
  namespace: string,
): Promise<'ready' | 'no_namespace' | 'no_answer'> {
  let connection: Connection | undefined;
  try {
    connection = await Connection.connect({ ...endpoint, connectTimeout: connectTimeoutMs });
    const { workflowService } = connection;
    await connection.withDeadline(Date.now() + connectTimeoutMs, () => workflowService.getSystemInfo({}));
    await connection.withDeadline(Date.now() + connectTimeoutMs, () =>
      workflowService.describeNamespace({ namespace }),
    );
    return 'ready';
  } catch {
    return connection === undefined ? 'no_answer' : 'no_namespace';
  } finally {
    await connection?.close();
  }
}

function startFailure(options: TemporalOptions): LocalServiceError {
  const ports = options.port === undefined ? '' : ` Is port ${options.port} taken?`;
  return new LocalServiceError(
    `Temporal did not start.${ports}\n${tailOfLog(options.logFile)}`,
    `Read ${options.logFile}, or set TEMPORAL_ADDRESS to a running server.`,
    { logFile: options.logFile },
  );
}
