import { processEnvironment } from './environment.ts';
import type { Environment } from './environment.ts';
import { environmentSchema } from './environment-schema.ts';
import { projectFile, readVariables } from './read-variables.ts';
import { userDirectories } from './user-directories.ts';

/** What a client of the API is told: less than a server, so that a fault in the rest is none of its business. */
export interface ClientEnvironment {
  readonly url: string | undefined;
  readonly apiKey: string | undefined;
  readonly stateDirectory: string | undefined;
  readonly stateHome: string;
}

/** Throws a {@link ConfigError} that lists all faults. */
export function loadClientEnvironment(environment: Environment = processEnvironment()): ClientEnvironment {
  const schema = environmentSchema.pick({
    COUNTERSIGN_URL: true,
    COUNTERSIGN_API_KEY: true,
    COUNTERSIGN_STATE_DIRECTORY: true,
  });
  const data = readVariables(schema, environment, projectFile());
  return {
    url: data.COUNTERSIGN_URL,
    apiKey: data.COUNTERSIGN_API_KEY,
    stateDirectory: data.COUNTERSIGN_STATE_DIRECTORY,
    stateHome: userDirectories(environment).stateHome,
  };
}
