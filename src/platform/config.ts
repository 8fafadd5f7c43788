import type { Scope } from '../domain/schemas/names.ts';
import { processEnvironment } from './environment/environment.ts';
import type { Environment } from './environment/environment.ts';
import { environmentCredentials } from './environment/environment-credentials.ts';
import type { LogLevel } from './environment/environment-fields.ts';
import { environmentSchema } from './environment/environment-schema.ts';
import { DEFAULT_RATES } from './rates.ts';
import type { Rates } from './rates.ts';
import { mergedVariables, projectFile, readVariables } from './environment/read-variables.ts';
import type { TemporalEndpoint } from './temporal-endpoint.ts';
import { readTemporal } from './temporal-endpoint.ts';
import { workerConfig } from './worker-config.ts';
import type { WorkerConfig } from './worker-config.ts';
import { userDirectories } from './environment/user-directories.ts';

/** What runs where nobody has configured agents of their own. */
const EXAMPLE_AGENTS = 'examples/release-notes/agent.ts';

const DEFAULT_API_PORT = 3310;

export interface ModelProviderConfig {
  readonly apiKey: string | undefined;
  readonly baseUrl: string | undefined;
}

export interface Config {
  /** A PostgreSQL of the operator's own; without it a local one is started. */
  readonly databaseUrl: string | undefined;
  readonly temporal: {
    /** A Temporal of the operator's own; without it a development server is started. */
    readonly endpoint: TemporalEndpoint | undefined;
    readonly namespace: string;
    readonly cliPath: string | undefined;
    readonly testServerPath: string | undefined;
  };
  readonly api: {
    readonly host: string;
    readonly port: number;
    /** False where nobody has named the port: another one will do. */
    readonly isPortNamed: boolean;
    /** Host names under which it may be called; loopback names alone where there are none. */
    readonly allowedHosts: readonly string[];
    /** Origins whose pages may call the API from a browser. */
    readonly allowedOrigins: readonly string[];
    /** Reverse proxies whose word counts on where a request came from. */
    readonly trustedProxies: readonly string[];
    readonly rates: Rates;
  };
  /** Names and ranges of private addresses that outgoing requests may go to. */
  readonly allowedPrivateHosts: readonly string[];
  /** Where the secrets are that tools name. */
  readonly credentials: {
    /** A file or a vault; the environment where it is not set. */
    readonly url: string | undefined;
    /** For the vault. */
    readonly token: string | undefined;
    /** `COUNTERSIGN_CREDENTIAL_GITHUB` as `GITHUB`. */
    readonly environment: ReadonlyMap<string, string>;
  };
  /** Whether agents with tools that run programs on this machine are taken. */
  readonly allowCommands: boolean;
  /** Of an API process of its own: whether it drives runs of classic execution, with models and tools in it. */
  readonly classicRuns: 'on' | 'off';
  readonly logLevel: LogLevel;
  readonly stateHome: string;
  readonly cacheHome: string;
  /** Where agents are registered and the first key works. */
  readonly scope: Scope;
  /** Where the API starts runs. */
  readonly taskQueue: string;
  readonly worker: WorkerConfig;
  /** Signing keys, first key, local services; `npm start` chooses it where it is not set. */
  readonly stateDirectory: string | undefined;
  /** One directory a run, for its artifacts. Never within the state directory. */
  readonly workspacesRoot: string | undefined;
  /** Modules that export agents; the example where none is named. Relative to the working directory. */
  readonly agentModules: readonly string[];
  /** Whether agents are loaded again when their files change. Undefined leaves it to whoever starts: `dev` does. */
  readonly reloadAgents: 'on' | 'off' | undefined;
  /** The deployment's policy layer, a JSON file. */
  readonly policyFile: string | undefined;
  /** Which tokens of identity providers are believed; none where there is no such file. */
  readonly tokenFile: string | undefined;
  /** How people's words are guarded, a YAML or JSON file. */
  readonly guardsFile: string | undefined;
  /** Sent to the moderation service as a bearer token. */
  readonly moderationToken: string | undefined;
  /** The git repository that example agents read when the input names none. */
  readonly repository: string | undefined;
  /** Agents may be pointed at git repositories under this directory only. */
  readonly repositoriesRoot: string | undefined;
  readonly models: {
    readonly openai: ModelProviderConfig;
    readonly anthropic: ModelProviderConfig;
    readonly google: ModelProviderConfig;
    readonly compatible: ModelProviderConfig;
    /** `provider/model` for agents that name none. */
    readonly defaultModel: string | undefined;
    /** Prices that win over those that come with this version. */
    readonly pricesFile?: string | undefined;
  };
  /** Where signed checkpoints of the audit chains go: URLs. None are made where there are none. */
  readonly checkpointSinks: readonly string[];
  /** How many runs of one requester may be active at a time in a tenant; no limit where it is not set. */
  readonly maxActiveRunsPerRequester: number | undefined;
  /** `none` lets tests of pure code run without starting local services. */
  readonly testServices: 'all' | 'none';
  /** How much is asked of the API to see that it does what its document says. */
  readonly contractTest: 'quick' | 'full';
}

/**
 * Reads the configuration: the environment, and what the project's file says beside it. An empty variable counts as not
 * set. Throws a {@link ConfigError} that lists all faults.
 */
export function loadConfig(environment: Environment = processEnvironment(), project = projectFile()): Config {
  const values = readVariables(environmentSchema, environment, project);
  const temporal = readTemporal(mergedVariables(environment, project));
  return {
    databaseUrl: values.DATABASE_URL,
    temporal: {
      endpoint: temporal.endpoint,
      namespace: temporal.namespace,
      cliPath: values.TEMPORAL_CLI_PATH,
      testServerPath: values.TEMPORAL_TEST_SERVER_PATH,
    },
    api: {
      host: values.COUNTERSIGN_API_HOST,
      port: values.COUNTERSIGN_API_PORT ?? DEFAULT_API_PORT,
      isPortNamed: values.COUNTERSIGN_API_PORT !== undefined,
      allowedHosts: values.COUNTERSIGN_ALLOWED_HOSTS ?? [],
      allowedOrigins: values.COUNTERSIGN_ALLOWED_ORIGINS ?? [],
      trustedProxies: values.COUNTERSIGN_TRUSTED_PROXIES ?? [],
      rates: { ...DEFAULT_RATES, ...values.COUNTERSIGN_RATE_LIMITS },
    },
    allowedPrivateHosts: values.COUNTERSIGN_ALLOWED_PRIVATE_HOSTS ?? [],
    credentials: {
      url: values.COUNTERSIGN_CREDENTIALS,
      token: values.COUNTERSIGN_CREDENTIALS_TOKEN,
      environment: environmentCredentials(environment),
    },
    allowCommands: values.COUNTERSIGN_ALLOW_COMMANDS === 'true',
    classicRuns: values.COUNTERSIGN_CLASSIC_RUNS,
    logLevel: values.COUNTERSIGN_LOG_LEVEL,
    ...userDirectories(environment),
    scope: { tenant: values.COUNTERSIGN_TENANT, project: values.COUNTERSIGN_PROJECT },
    taskQueue: values.COUNTERSIGN_TASK_QUEUE,
    worker: workerConfig(values, values.COUNTERSIGN_TASK_QUEUE),
    stateDirectory: values.COUNTERSIGN_STATE_DIRECTORY,
    workspacesRoot: values.COUNTERSIGN_WORKSPACES_ROOT,
    agentModules: (values.COUNTERSIGN_AGENTS ?? EXAMPLE_AGENTS).split(',').map((path) => path.trim()),
    reloadAgents: values.COUNTERSIGN_RELOAD_AGENTS,
    policyFile: values.COUNTERSIGN_POLICY_FILE,
    tokenFile: values.COUNTERSIGN_JWT_FILE,
    guardsFile: values.COUNTERSIGN_GUARDS_FILE,
    moderationToken: values.COUNTERSIGN_MODERATION_TOKEN,
    repository: values.COUNTERSIGN_REPOSITORY,
    repositoriesRoot: values.COUNTERSIGN_REPOSITORIES_ROOT,
    models: {
      openai: { apiKey: values.OPENAI_API_KEY, baseUrl: values.OPENAI_BASE_URL },
      anthropic: { apiKey: values.ANTHROPIC_API_KEY, baseUrl: values.ANTHROPIC_BASE_URL },
      google: { apiKey: values.GOOGLE_API_KEY, baseUrl: values.GOOGLE_BASE_URL },
      compatible: { apiKey: values.OPENAI_COMPATIBLE_API_KEY, baseUrl: values.OPENAI_COMPATIBLE_BASE_URL },
      defaultModel: values.COUNTERSIGN_MODEL,
      pricesFile: values.COUNTERSIGN_PRICES_FILE,
    },
    checkpointSinks: values.COUNTERSIGN_CHECKPOINT_SINK ?? [],
    maxActiveRunsPerRequester: values.COUNTERSIGN_MAX_ACTIVE_RUNS_PER_REQUESTER,
    testServices: values.COUNTERSIGN_TEST_SERVICES,
    contractTest: values.COUNTERSIGN_CONTRACT_TEST,
  };
}
