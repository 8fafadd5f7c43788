/** What every process of an installation is told: by environment, all faults at once. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { policyLayerSchema } from '../domain/policy/policy-schema.ts';
import type { RuleInput } from '../domain/policy/policy-schema.ts';
import { ConfigError } from './config.ts';
import type { Config } from './config.ts';

export interface Installation {
  readonly databaseUrl: string;
  readonly temporalAddress: string;
  readonly stateDirectory: string;
  readonly workspacesRoot: string;
  readonly repository: string;
  /** Rules of the deployment's own policy layer. */
  readonly deployment: readonly RuleInput[];
}

/** The deployment's own policy layer, from the configured file. */
const readDeploymentPolicy = async (path: string): Promise<readonly RuleInput[]> => {
  const text = await readFile(path, 'utf8').catch(() => {
    throw new ConfigError([`COUNTERSIGN_POLICY_FILE cannot be read`]);
  });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new ConfigError(['COUNTERSIGN_POLICY_FILE is not JSON']);
  }
  const parsed = policyLayerSchema.safeParse(value);
  const faults = parsed.error?.issues.map(
    ({ path: at, message }) => `COUNTERSIGN_POLICY_FILE ${at.join('.')}: ${message}`,
  );
  if (faults) throw new ConfigError(faults);
  if (parsed.data?.name !== 'deployment') throw new ConfigError(['COUNTERSIGN_POLICY_FILE name: must be "deployment"']);
  return parsed.data.rules;
};

/** Throws a {@link ConfigError} that lists what a process needs and lacks. */
export const installation = async (config: Config): Promise<Installation> => {
  const { databaseUrl, stateDirectory } = config;
  const { address } = config.temporal;
  if (!databaseUrl || !address || !stateDirectory) {
    const needed = [
      databaseUrl ? [] : ['DATABASE_URL is needed: the PostgreSQL of this installation'],
      address ? [] : ['TEMPORAL_ADDRESS is needed: host:port of Temporal'],
      stateDirectory ? [] : ['COUNTERSIGN_STATE_DIRECTORY is needed: it holds the signing keys'],
    ];
    throw new ConfigError(needed.flat());
  }
  return {
    databaseUrl,
    temporalAddress: address,
    stateDirectory,
    // Beside the state, never within it: no tool may come near the keys.
    workspacesRoot: config.workspacesRoot ?? join(`${stateDirectory}-workspaces`),
    repository: config.repository ?? process.cwd(),
    deployment: config.policyFile ? await readDeploymentPolicy(config.policyFile) : [],
  };
};
