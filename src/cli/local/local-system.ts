/** Temporal, PostgreSQL and the all-in-one process on this machine, as children that never outlive this process. */
import { existsSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { tailOfLog } from '../../platform/child-process.ts';
import type { ChildExit } from '../../platform/child-process.ts';
import type { Config } from '../../platform/config.ts';
import type { Progress } from '../../platform/progress.ts';
import { LocalServiceError } from '../../platform/services/local-service-error.ts';
import { startPostgres } from '../../platform/services/postgres.ts';
import { startTemporal } from '../../platform/services/temporal.ts';
import type { TemporalService } from '../../platform/services/temporal.ts';
import { temporalVariables } from '../../platform/temporal-endpoint.ts';
import { cacheDirectory } from '../../platform/state-directory.ts';
import { startAllInOneProcess } from './all-in-one-process.ts';

const LOG_LINE_MAX = 300;

/** A server of our own speaks plainly: what the environment says of another one is not for it. */
const NO_SECURITY = Object.fromEntries(Object.keys(temporalVariables).map((name) => [name, '']));

export interface LocalSystemOptions {
  readonly config: Config;
  /** Keys, the CLI's file. */
  readonly stateDirectory: string;
  /** Data of Temporal and PostgreSQL. */
  readonly servicesDirectory: string;
  readonly logsDirectory: string;
  readonly workspacesRoot: string;
  readonly repository: string;
  /** Where worker and API run: a project's configuration file is found from there. */
  readonly directory: string;
  readonly apiPort: number;
  /** Any free ones where they are not given. */
  readonly temporalPorts?: { readonly port: number; readonly uiPort: number } | undefined;
  readonly hasTemporalUi: boolean;
  readonly reloadAgents: 'on' | 'off';
  readonly progress: Progress;
  /** Everything that is started is to be stopped by it, in reverse order. */
  readonly stack: AsyncDisposableStack;
}

export interface LocalSystem {
  readonly url: string;
  /** Of worker and API. */
  readonly log: string;
  /** True where this start made the first key. */
  readonly isFirstStart: boolean;
  readonly temporal: TemporalService;
  /** Settles, with what to say, if a part of it ends that was not asked to. */
  readonly failed: Promise<LocalServiceError>;
}

/** Resolves when it answers requests. Throws a LocalServiceError that names the log where a part does not start. */
export async function startLocalSystem(options: LocalSystemOptions): Promise<LocalSystem> {
  const { config, stateDirectory, servicesDirectory, workspacesRoot, repository, apiPort, progress, stack } = options;
  const logFile = (name: string) => join(options.logsDirectory, `${name}.log`);
  const stopping = { isOn: false };
  const started = async <T extends { stop(): Promise<void> }>(starting: Promise<T>): Promise<T> => {
    const service = await starting;
    if (stack.disposed) await service.stop();
    else stack.defer(() => service.stop());
    return service;
  };
  mkdirSync(options.logsDirectory, { recursive: true, mode: 0o700 });

  const startTemporalOn = (ports: LocalSystemOptions['temporalPorts']) =>
    startTemporal({
      directory: servicesDirectory,
      cacheDirectory: cacheDirectory(config.cacheHome),
      endpoint: config.temporal.endpoint,
      cliPath: config.temporal.cliPath,
      namespace: config.temporal.namespace,
      ui: options.hasTemporalUi,
      ...ports,
      progress,
      logFile: logFile('temporal'),
    });
  const services = [
    started(
      startTemporalOn(options.temporalPorts).catch((error: unknown) => {
        // Somebody may have taken the ports since they were found free: any others will do.
        if (config.temporal.endpoint !== undefined || options.temporalPorts === undefined) throw error;
        return startTemporalOn(undefined);
      }),
    ),
    started(
      startPostgres({
        directory: servicesDirectory,
        databaseUrl: config.databaseUrl,
        progress,
        logFile: logFile('postgres'),
      }),
    ),
  ] as const;
  // One that fails does not leave the other behind.
  await Promise.allSettled(services);
  const [temporal, postgres] = await Promise.all(services);
  if (stack.disposed) throw new Error('It was stopped while it started.');

  const log = logFile('countersign');
  const step = progress.step('Starting worker and API', { expectSeconds: 3, logFile: log });
  const { child, ready } = await startAllInOneProcess(
    {
      ...(config.temporal.endpoint === undefined && NO_SECURITY),
      DATABASE_URL: postgres.url,
      TEMPORAL_ADDRESS: temporal.address,
      TEMPORAL_NAMESPACE: temporal.namespace,
      COUNTERSIGN_POLICY_FILE: config.policyFile ?? '',
      COUNTERSIGN_AGENTS: config.agentModules.map(fromHere).join(','),
      COUNTERSIGN_RELOAD_AGENTS: options.reloadAgents,
      COUNTERSIGN_STATE_DIRECTORY: stateDirectory,
      COUNTERSIGN_WORKSPACES_ROOT: workspacesRoot,
      COUNTERSIGN_REPOSITORY: repository,
      COUNTERSIGN_API_PORT: String(apiPort),
    },
    { log, stateDirectory, directory: options.directory, onStart: (one) => started(Promise.resolve(one)) },
  );
  if (ready === undefined) {
    const failure = new LocalServiceError(`Worker and API did not start.\n${endOf(log, 12)}`, `Their log: ${log}`);
    if (stack.disposed) step.done('stopped');
    else step.fail(new Error('It ended, or said nothing in time.'));
    throw failure;
  }
  step.done();
  stack.defer(async () => void (stopping.isOn = true));

  const ended = async (name: string, exited: Promise<ChildExit>): Promise<LocalServiceError> => {
    const { code, signal } = await exited;
    // One that is stopped is no failure: then nobody hears of it.
    if (stopping.isOn) return new Promise(() => {});
    const itsLog = logFile(name);
    return new LocalServiceError(
      `${name} has ended by itself (${signal ?? `exit code ${code}`}).\n${endOf(itsLog, 5)}`,
      `Its log: ${itsLog}`,
    );
  };
  return {
    url: ready.url,
    log,
    isFirstStart: ready.firstKey,
    temporal,
    failed: Promise.race([
      ended('countersign', child.exited),
      ended('temporal', temporal.exited),
      ended('postgres', postgres.exited),
    ]),
  };
}

/** Lines of a log may be very long. */
const endOf = (log: string, lines: number): string =>
  tailOfLog(log, lines)
    .split('\n')
    .map((line) => (line.length > LOG_LINE_MAX ? `${line.slice(0, LOG_LINE_MAX)} …` : line))
    .join('\n');

/** A module named relative to where the command was given, not to the checkout. */
const fromHere = (path: string): string => (existsSync(path) ? resolve(path) : path);
