/** What every process of an installation is told: by environment, all faults at once. */
import { join } from 'node:path';
import { compilePolicy } from '../domain/policy/compile.ts';
import type { RuleInput } from '../domain/policy/policy-schema.ts';
import type { KnownPeople } from '../domain/policy/quorum-faults.ts';
import { ConfigError } from './config-error.ts';
import type { Config } from './config.ts';
import { PolicyFileError, readPolicy } from './policy-file.ts';
import { readTokenConfig } from './tokens/read-token-config.ts';
import type { TokenConfig } from './tokens/token-config.ts';

export interface Installation {
  readonly databaseUrl: string;
  readonly temporalAddress: string;
  readonly stateDirectory: string;
  readonly workspacesRoot: string;
  readonly repository: string;
  /** Rules of the deployment's own policy layer. */
  readonly deployment: readonly RuleInput[];
  /** Groups and their members, as the file names them: agents whose rules name others are refused. */
  readonly people: KnownPeople;
  /** Which tokens of identity providers are believed. */
  readonly tokens: TokenConfig | undefined;
}

interface DeploymentPolicy {
  readonly deployment: readonly RuleInput[];
  readonly people: KnownPeople;
}

/** The deployment's own policy layer, from the configured file. */
const readDeploymentPolicy = async (path: string): Promise<DeploymentPolicy> => {
  const refuse = (faults: readonly string[]): ConfigError =>
    new ConfigError(faults.map((fault) => `COUNTERSIGN_POLICY_FILE ${fault}`));
  const { layers, people } = await readPolicy(path).catch((error: unknown) => {
    if (!(error instanceof PolicyFileError)) throw error;
    throw refuse([error.message]);
  });
  const policy = compilePolicy(layers, people);
  if (!policy.ok) throw refuse(policy.faults.map((fault) => `${fault.path}: ${fault.message}`));
  const [layer, another] = policy.layers;
  if (layer?.name !== 'deployment' || another) throw refuse(['must hold one layer, and its name must be "deployment"']);
  if (layer.mode === 'shadow')
    throw refuse(['is in mode shadow: a layer is tried beside the one in this file, with `countersign policy put`']);
  return { deployment: layer.mode === 'off' ? [] : layer.rules, people };
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
    tokens: config.tokenFile === undefined ? undefined : await readTokenConfig(config.tokenFile),
    ...(config.policyFile ? await readDeploymentPolicy(config.policyFile) : { deployment: [], people: {} }),
  };
};
