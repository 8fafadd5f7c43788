/** What every command gets. */
import type { Command } from 'commander';
import { createClient } from '../client/index.ts';
import type { CountersignClient } from '../client/index.ts';
import { clientConfig } from '../platform/client-config.ts';
import { loadClientEnvironment } from '../platform/environment/client-environment.ts';
import type { ClientEnvironment } from '../platform/environment/client-environment.ts';
import { stateDirectory } from '../platform/state-directory.ts';
import { CliError, EXIT } from './exit-codes.ts';
import type { ExitCode } from './exit-codes.ts';
import { projectHome } from './project-root.ts';
import type { Terminal } from './terminal.ts';

export interface CliContext {
  readonly terminal: Terminal;
  /** Sets the exit code of a command that did what it was told and has no good news. */
  end(code: ExitCode): void;
}

/** Options of every command that speaks to the API. */
export interface ApiOptions {
  readonly url?: string;
  readonly key?: string;
  readonly json?: boolean;
}

export const withApiOptions = (command: Command): Command =>
  command
    .option('--json', 'print what the API answered, for programs')
    .option('--url <url>', 'address of the API (COUNTERSIGN_URL; else the installation of this checkout)')
    .option('--key <key>', 'API key (better in COUNTERSIGN_API_KEY: other users see command lines)');

/** The state directory of this project's installation. */
export const keptIn = (environment: ClientEnvironment = loadClientEnvironment()): string =>
  environment.stateDirectory ?? stateDirectory(projectHome(), environment.stateHome);

/** The API by the options, the environment or the file of this checkout's installation. */
export function connect(options: ApiOptions): CountersignClient {
  if (options.url !== undefined && !/^https?:$/.test(URL.parse(options.url)?.protocol ?? '')) {
    throw new CliError(EXIT.usage, '--url must be an http:// or https:// URL.');
  }
  const environment = loadClientEnvironment();
  const directory = keptIn(environment);
  const { url, apiKey } = clientConfig(options, environment, directory);
  return createClient({ baseUrl: url, apiKey });
}

/** How people call this program from a checkout: what is printed can be pasted. */
export const COMMAND = 'npm run countersign --';
