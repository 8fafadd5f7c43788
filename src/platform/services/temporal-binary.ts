// Where the Temporal development server comes from.
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import { runToEnd } from '../child-process.ts';
import { childEnvironment } from '../environment/child-environment.ts';
import type { Progress } from '../progress.ts';
import { LocalServiceError } from './local-service-error.ts';
import { cachedProgram, cachedProgramPath } from './program-cache.ts';
import { downloadTemporalProgram } from './temporal-download.ts';

/** The newest tag that `go install` accepts (later ones carry a `replace`); downloads use it too, so all behave alike. */
const cliVersion = 'v1.5.1';
const goPackage = `github.com/temporalio/cli/cmd/temporal@${cliVersion}`;
const cachedCli = { name: `temporal-cli-${cliVersion}`, file: 'temporal' };

const goVariables = ['GOPATH', 'GOMODCACHE', 'GOCACHE', 'GOPROXY', 'GOSUMDB', 'GOPRIVATE', 'GONOSUMDB', 'GONOPROXY'];
const goBehaviour = ['GOFLAGS', 'GOTOOLCHAIN', 'GOROOT', 'CGO_ENABLED', 'XDG_CACHE_HOME', 'XDG_CONFIG_HOME'];
/** What a tool needs to reach the network from behind a proxy or a company's own certificate authority. */
export const networkVariables = [
  ...['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'http_proxy', 'https_proxy', 'no_proxy'],
  ...['SSL_CERT_FILE', 'SSL_CERT_DIR', 'GIT_SSL_CAINFO'],
];

export interface TemporalPlaces {
  readonly address?: string | undefined;
  readonly cliPath?: string | undefined;
  /** The PATH variable. */
  readonly searchPath: string;
  readonly cacheDirectory: string;
}

export type TemporalSource =
  | { readonly kind: 'server'; readonly address: string }
  | { readonly kind: 'executable'; readonly path: string; readonly from: 'configured' | 'path' | 'cache' }
  | { readonly kind: 'configured_but_missing'; readonly path: string }
  | { readonly kind: 'to_install' };

/** Which Temporal to use, by what is configured and what is there: the decision alone, nothing is started. */
export function chooseTemporal(places: TemporalPlaces, isExecutable: (path: string) => boolean): TemporalSource {
  const { address, cliPath } = places;
  if (address !== undefined) return { kind: 'server', address };
  if (cliPath !== undefined) {
    const usable = isExecutable(cliPath);
    return usable
      ? { kind: 'executable', path: cliPath, from: 'configured' }
      : { kind: 'configured_but_missing', path: cliPath };
  }
  const onPath = executableOnPath('temporal', places.searchPath, isExecutable);
  if (onPath !== undefined) return { kind: 'executable', path: onPath, from: 'path' };
  const cached = cachedProgramPath({ ...cachedCli, cacheDirectory: places.cacheDirectory });
  if (isExecutable(cached)) return { kind: 'executable', path: cached, from: 'cache' };
  return { kind: 'to_install' };
}

/** The first file of that name on PATH that may be run. Relative entries do not count: they depend on where we are. */
export function executableOnPath(
  name: string,
  searchPath: string,
  isExecutable: (path: string) => boolean = isExecutableFile,
): string | undefined {
  const directories = searchPath.split(delimiter).filter((directory) => isAbsolute(directory));
  return directories.map((directory) => join(directory, name)).find(isExecutable);
}

export function isExecutableFile(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

export interface TemporalExecutableOptions {
  readonly cliPath?: string | undefined;
  readonly cacheDirectory: string;
  readonly progress: Progress;
  readonly logFile: string;
  /** Where to download from. @default the service of Temporal's SDKs */
  readonly downloadService?: string;
}

/** The path of a Temporal CLI: configured, on PATH, cached, downloaded, or built from source. */
export async function temporalExecutable(options: TemporalExecutableOptions): Promise<string> {
  const searchPath = childEnvironment()['PATH'] ?? '';
  const source = chooseTemporal({ ...options, searchPath }, isExecutableFile);
  if (source.kind === 'executable') return source.path;
  if (source.kind === 'configured_but_missing') {
    throw new LocalServiceError(
      `TEMPORAL_CLI_PATH names ${source.path}, which is no executable file.`,
      'Correct it, or unset it to let Countersign find or install the Temporal CLI.',
    );
  }
  return cachedProgram({ ...cachedCli, ...options, install: (directory) => install(directory, options, searchPath) });
}

async function install(directory: string, options: TemporalExecutableOptions, searchPath: string): Promise<void> {
  const { progress, logFile } = options;
  const step = progress.step('Downloading the Temporal CLI', { expectSeconds: 20, logFile });
  try {
    const serviceUrl = options.downloadService === undefined ? {} : { serviceUrl: options.downloadService };
    await downloadTemporalProgram({
      artifact: 'cli',
      version: cliVersion,
      directory,
      file: 'temporal',
      logFile,
      ...serviceUrl,
    });
    step.done();
    return;
  } catch {
    step.done('not possible from here, so it is built from source');
  }
  if (executableOnPath('go', searchPath) === undefined)
    throw cannotInstall('There is no Go to build it with.', logFile);
  await progress.during('Building the Temporal CLI with Go, once', { expectSeconds: 120, logFile }, async () => {
    const environment = childEnvironment([...goVariables, ...goBehaviour, ...networkVariables]);
    const built = await runToEnd({
      command: 'go',
      arguments: ['install', goPackage],
      // Started away from any module, so that no go.mod or go.work of the surroundings has a say.
      directory,
      environment: { ...environment, GOBIN: directory, GOWORK: 'off' },
      logFile,
    });
    if (!built) throw cannotInstall(`\`go install ${goPackage}\` failed.`, logFile);
  });
}

function cannotInstall(reason: string, logFile: string): LocalServiceError {
  return new LocalServiceError(
    `There is no Temporal server on this machine, and none could be installed. ${reason}`,
    'Install the Temporal CLI (https://docs.temporal.io/cli) or Go 1.24, or set TEMPORAL_ADDRESS to a running server.',
    { logFile },
  );
}
