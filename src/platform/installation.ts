/** What every process of an installation is told: by environment, all faults at once. */
import { join } from 'node:path';
import { compilePolicy } from '../domain/policy/compile.ts';
import type { RuleInput } from '../domain/policy/policy-schema.ts';
import type { KnownPeople } from '../domain/policy/quorum-faults.ts';
import { ConfigError } from './config-error.ts';
import { loadConfig } from './config.ts';
import { configurationSources } from './environment/read-variables.ts';
import type { Config } from './config.ts';
import { allFaults } from './all-faults.ts';
import type { TemporalEndpoint } from './temporal-endpoint.ts';
import { loadGuardsConfig } from './guards-file.ts';
import type { GuardsConfig } from './guards-file.ts';
import { PolicyFileError, readPolicy } from './policy-file.ts';
import { readTokenConfig } from './tokens/read-token-config.ts';
import type { TokenConfig } from './tokens/token-config.ts';

export interface Installation {
  readonly databaseUrl: string;
  readonly temporal: TemporalEndpoint;
  readonly stateDirectory: string;
  readonly workspacesRoot: string;
  readonly repository: string;
  /** Rules of the deployment's own policy layer. */
  readonly deployment: readonly RuleInput[];
  /** Groups and their members, as the file names them: agents whose rules name others are refused. */
  readonly people: KnownPeople;
  /** Which tokens of identity providers are believed. */
  readonly tokens: TokenConfig | undefined;
  /** How people's words are guarded, where they are taken. */
  readonly guards: GuardsConfig;
}

/** What a process is part of: only the API takes people's words. */
export type Part = 'api' | 'worker';

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

/** What a process of an installation cannot do without. `npm start` gives it. */
const NEEDED: Readonly<Record<string, string>> = {
  DATABASE_URL: 'the PostgreSQL of this installation',
  TEMPORAL_ADDRESS: 'host:port of Temporal',
  COUNTERSIGN_STATE_DIRECTORY: 'it holds the signing keys',
};

const lacks = (names: readonly string[]): readonly string[] =>
  names.map((name) => `${name} is needed: ${NEEDED[name]}`);

/** Reads all that a process is told. Throws a {@link ConfigError} that lists everything that is wrong with it. */
export const loadInstallation = async (
  part: Part,
): Promise<{ readonly config: Config; readonly place: Installation }> => {
  try {
    const config = loadConfig();
    return { config, place: await installation(config, part) };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    // What is wrong hides nothing of what is missing.
    const { environment, project } = configurationSources();
    const isThere = (name: string): boolean => Boolean(environment[name] ?? project?.variables[name]);
    const isNamed = (name: string): boolean => error.faults.some((fault) => fault.startsWith(name));
    const mayBeInProfile = isThere('TEMPORAL_PROFILE') || isThere('TEMPORAL_CONFIG_FILE');
    const missing = Object.keys(NEEDED)
      .filter((name) => !isThere(name) && !isNamed(name))
      .filter((name) => name !== 'TEMPORAL_ADDRESS' || !mayBeInProfile);
    throw new ConfigError([...error.faults, ...lacks(missing)]);
  }
};

/** Throws a {@link ConfigError} that lists what a process needs and lacks. */
const installation = async (config: Config, part: Part): Promise<Installation> => {
  const { databaseUrl, stateDirectory } = config;
  const { endpoint } = config.temporal;
  const [tokens, policy, guards] = await allFaults(
    config.tokenFile === undefined ? undefined : readTokenConfig(config.tokenFile),
    config.policyFile ? readDeploymentPolicy(config.policyFile) : { deployment: [], people: {} },
    loadGuardsConfig(part === 'api' ? config : { guardsFile: undefined }),
  );
  if (!databaseUrl || !endpoint || !stateDirectory) {
    const has = { DATABASE_URL: databaseUrl, TEMPORAL_ADDRESS: endpoint, COUNTERSIGN_STATE_DIRECTORY: stateDirectory };
    throw new ConfigError(lacks(Object.keys(has).filter((name) => !has[name as keyof typeof has])));
  }
  return {
    databaseUrl,
    temporal: endpoint,
    stateDirectory,
    // Beside the state, never within it: no tool may come near the keys.
    workspacesRoot: config.workspacesRoot ?? join(`${stateDirectory}-workspaces`),
    repository: config.repository ?? process.cwd(),
    tokens,
    guards,
    ...policy,
  };
};
