// The only reader of process.env. Every variable Countersign understands is named here.
import { isIP } from 'node:net';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { z } from 'zod';
import { ScopeName } from '../domain/schemas/names.ts';
import type { Scope } from '../domain/schemas/names.ts';
import { readProjectFile } from './project-file.ts';
import type { ProjectFile } from './project-file.ts';
import { absolutePath, looksSecret } from './project-keys.ts';
import { DEFAULT_RATES, isRate } from './rates.ts';
import type { Rates } from './rates.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

const port = z
  .string()
  .regex(/^\d{1,5}$/, 'must be a port number')
  .transform(Number)
  .pipe(z.number().min(1, 'must be a port number').max(65_535, 'must be a port number'));
const positiveCount = z
  .string()
  .regex(/^[1-9]\d{0,5}$/, 'must be a number from 1 to 999999')
  .transform(Number);
const hostAndPort = z.string().regex(/^[^\s/:]+:\d{1,5}$|^\[[0-9a-fA-F:]+\]:\d{1,5}$/, 'must be host:port');
const httpUrl = z.url({ protocol: /^https?$/, error: 'must be an http:// or https:// URL' });
const postgresUrl = z.url({ protocol: /^postgres(ql)?$/, error: 'must be a postgres:// URL' });
const LOOPBACK_HOSTS = ['127.0.0.1', 'localhost', '[::1]'];
/** Nothing that is sent over a network goes unencrypted. */
const isSinkUrl = (text: string): boolean => {
  const url = URL.parse(text);
  if (url?.protocol === 'file:') return url.host === '' && url.pathname.length > 1;
  return url?.protocol === 'https:' || (url?.protocol === 'http:' && LOOPBACK_HOSTS.includes(url.hostname));
};
const sinkUrls = z
  .string()
  .transform((text) => text.split(',').map((url) => url.trim()))
  .refine((urls) => urls.every(isSinkUrl), 'must be file:/path or https:// URLs, separated by commas');
const credentialsUrl = z.string().refine(isSinkUrl, 'must be file:/path or an https:// URL');
const listOf = (isMember: (text: string) => boolean, error: string) =>
  z
    .string()
    .transform((text) => text.split(',').map((part) => part.trim()))
    .refine((parts) => parts.every(isMember), error);
const origins = listOf(isOrigin, 'must be origins such as https://app.example, separated by commas');
const addressRanges = listOf(isAddressRange, 'must be IP addresses or CIDR ranges, separated by commas');
const hostNames = listOf(
  (text) => isAddressRange(text) || /^[a-z0-9_]([a-z0-9._-]*[a-z0-9_])?$/i.test(text),
  'must be host names, IP addresses or CIDR ranges, separated by commas',
);
const rateLimits = z
  .string()
  .transform((text) => text.split(',').map((part) => part.split('=').map((side) => side.trim())))
  .refine(
    (pairs) => pairs.every(([name, count, ...rest]) => isRate(name) && /^\d{1,9}$/.test(count ?? '') && !rest.length),
    `must be name=number pairs separated by commas; the names are ${Object.keys(DEFAULT_RATES).join(', ')}`,
  )
  .transform((pairs): Partial<Rates> => Object.fromEntries(pairs.map(([name, count]) => [name, Number(count)])));
const loopback = z.enum(['127.0.0.1', 'localhost', '::1'], { error: 'must be 127.0.0.1, localhost or ::1' });
const logLevel = z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']);
const modelName = z.string().regex(/^[a-z][a-z-]*\/\S+$/, 'must be provider/model, for example openai/gpt-5');

function isOrigin(text: string): boolean {
  return /^https?:$/.test(URL.parse(text)?.protocol ?? '') && URL.parse(text)?.origin === text;
}

function isAddressRange(text: string): boolean {
  const [address = '', prefix, ...rest] = text.split('/');
  const version = isIP(address);
  if (version === 0 || rest.length > 0) return false;
  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (version === 6 ? 128 : 32));
}

/** What runs where nobody has configured agents of their own. */
const EXAMPLE_AGENTS = 'examples/release-notes/agent.ts';

const DEFAULT_API_PORT = 3310;

export const environmentSchema = z.object({
  DATABASE_URL: postgresUrl.optional(),
  TEMPORAL_ADDRESS: hostAndPort.optional(),
  TEMPORAL_NAMESPACE: z.string().default('default'),
  TEMPORAL_CLI_PATH: absolutePath.optional(),
  TEMPORAL_TEST_SERVER_PATH: absolutePath.optional(),
  COUNTERSIGN_API_HOST: loopback.default('127.0.0.1'),
  COUNTERSIGN_API_PORT: port.optional(),
  COUNTERSIGN_ALLOWED_ORIGINS: origins.optional(),
  COUNTERSIGN_TRUSTED_PROXIES: addressRanges.optional(),
  COUNTERSIGN_RATE_LIMITS: rateLimits.optional(),
  COUNTERSIGN_CREDENTIALS: credentialsUrl.optional(),
  COUNTERSIGN_CREDENTIALS_TOKEN: z.string().optional(),
  COUNTERSIGN_ALLOWED_PRIVATE_HOSTS: hostNames.optional(),
  COUNTERSIGN_ALLOW_COMMANDS: z.enum(['true', 'false']).optional(),
  COUNTERSIGN_URL: httpUrl.optional(),
  COUNTERSIGN_API_KEY: z.string().optional(),
  COUNTERSIGN_LOG_LEVEL: logLevel.default('info'),
  COUNTERSIGN_TENANT: ScopeName.default('default'),
  COUNTERSIGN_PROJECT: ScopeName.default('default'),
  COUNTERSIGN_TASK_QUEUE: z.string().min(1).max(200).default('countersign'),
  COUNTERSIGN_STATE_DIRECTORY: absolutePath.optional(),
  COUNTERSIGN_WORKSPACES_ROOT: absolutePath.optional(),
  COUNTERSIGN_AGENTS: z.string().optional(),
  COUNTERSIGN_RELOAD_AGENTS: z.enum(['on', 'off']).optional(),
  COUNTERSIGN_POLICY_FILE: absolutePath.optional(),
  COUNTERSIGN_JWT_FILE: absolutePath.optional(),
  COUNTERSIGN_GUARDS_FILE: absolutePath.optional(),
  COUNTERSIGN_MODERATION_TOKEN: z.string().optional(),
  COUNTERSIGN_REPOSITORY: absolutePath.optional(),
  COUNTERSIGN_REPOSITORIES_ROOT: absolutePath.optional(),
  COUNTERSIGN_MODEL: modelName.optional(),
  COUNTERSIGN_PRICES_FILE: absolutePath.optional(),
  COUNTERSIGN_CHECKPOINT_SINK: sinkUrls.optional(),
  COUNTERSIGN_MAX_ACTIVE_RUNS_PER_REQUESTER: positiveCount.optional(),
  COUNTERSIGN_TEST_SERVICES: z.enum(['all', 'none']).default('all'),
  COUNTERSIGN_CONTRACT_TEST: z.enum(['quick', 'full']).default('quick'),
  OPENAI_API_KEY: z.string().optional(),
  OPENAI_BASE_URL: httpUrl.optional(),
  ANTHROPIC_API_KEY: z.string().optional(),
  ANTHROPIC_BASE_URL: httpUrl.optional(),
  GOOGLE_API_KEY: z.string().optional(),
  GOOGLE_BASE_URL: httpUrl.optional(),
  OPENAI_COMPATIBLE_API_KEY: z.string().optional(),
  OPENAI_COMPATIBLE_BASE_URL: httpUrl.optional(),
});

export interface ModelProviderConfig {
  readonly apiKey: string | undefined;
  readonly baseUrl: string | undefined;
}

export interface Config {
  /** A PostgreSQL of the operator's own; without it a local one is started. */
  readonly databaseUrl: string | undefined;
  readonly temporal: {
    /** `host:port` of a Temporal of the operator's own; without it a development server is started. */
    readonly address: string | undefined;
    readonly namespace: string;
    readonly cliPath: string | undefined;
    readonly testServerPath: string | undefined;
  };
  readonly api: {
    readonly host: string;
    readonly port: number;
    /** False where nobody has named the port: another one will do. */
    readonly isPortNamed: boolean;
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
  readonly logLevel: z.infer<typeof logLevel>;
  readonly stateHome: string;
  readonly cacheHome: string;
  /** Where agents are registered and the first key works. */
  readonly scope: Scope;
  readonly taskQueue: string;
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

/** Everything wrong with the configuration, at once. Names variables and keys, never their values. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(`The configuration is not usable:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`);
    this.faults = faults;
  }
}

/**
 * Reads the configuration: the environment, and what the project's file says beside it. An empty variable counts as not
 * set. Throws a {@link ConfigError} that lists all faults.
 */
export function loadConfig(environment: Environment = process.env, project = projectFile()): Config {
  const parsed = readVariables(environmentSchema, environment, project);
  const values = parsed;
  return {
    databaseUrl: values.DATABASE_URL,
    temporal: {
      address: values.TEMPORAL_ADDRESS,
      namespace: values.TEMPORAL_NAMESPACE,
      cliPath: values.TEMPORAL_CLI_PATH,
      testServerPath: values.TEMPORAL_TEST_SERVER_PATH,
    },
    api: {
      host: values.COUNTERSIGN_API_HOST,
      port: values.COUNTERSIGN_API_PORT ?? DEFAULT_API_PORT,
      isPortNamed: values.COUNTERSIGN_API_PORT !== undefined,
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
    logLevel: values.COUNTERSIGN_LOG_LEVEL,
    ...userDirectories(environment),
    scope: { tenant: values.COUNTERSIGN_TENANT, project: values.COUNTERSIGN_PROJECT },
    taskQueue: values.COUNTERSIGN_TASK_QUEUE,
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

const CREDENTIAL_PREFIX = 'COUNTERSIGN_CREDENTIAL_';

const environmentCredentials = (environment: Environment): ReadonlyMap<string, string> =>
  new Map(
    Object.entries(withoutEmpty(environment))
      .filter(([name]) => name.startsWith(CREDENTIAL_PREFIX))
      .map(([name, value]) => [name.slice(CREDENTIAL_PREFIX.length), value]),
  );

/** The file of the project that this process was started in. */
export const projectFile = (): ProjectFile | undefined => readProjectFile(environmentSchema);

function readVariables<Schema extends z.ZodObject>(
  schema: Schema,
  environment: Environment,
  project: ProjectFile | undefined,
): z.output<Schema> {
  const given = withoutEmpty(environment);
  const variables = withoutEmpty({ ...project?.variables, ...given });
  const faults = [...(project?.faults ?? [])];
  if (project && 'COUNTERSIGN_AGENTS' in schema.shape && variables['COUNTERSIGN_AGENTS'] === undefined)
    faults.push(`${project.path}: agents is needed: the modules and files with the project's agents`);
  const parsed = schema.safeParse(variables);
  for (const { path, message } of parsed.error?.issues ?? []) {
    const name = path.join('.');
    faults.push(`${(name in given ? undefined : project?.keyOf(name)) ?? name} ${message}`);
  }
  if (faults.length > 0 || !parsed.success) throw new ConfigError(faults);
  return parsed.data;
}

/** What a client of the API is told: less than a server, so that a fault in the rest is none of its business. */
export interface ClientEnvironment {
  readonly url: string | undefined;
  readonly apiKey: string | undefined;
  readonly stateDirectory: string | undefined;
  readonly stateHome: string;
}

/** Throws a {@link ConfigError} that lists all faults. */
export function loadClientEnvironment(environment: Environment = process.env): ClientEnvironment {
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

/** The user's state and cache homes by the XDG rules: a relative path in the variable does not count. */
export function userDirectories(environment: Environment = process.env): { stateHome: string; cacheHome: string } {
  const home = environment['HOME'] || homedir();
  const choose = (value: string | undefined, fallback: string) =>
    value !== undefined && isAbsolute(value) ? value : join(home, fallback);
  return {
    stateHome: choose(environment['XDG_STATE_HOME'], '.local/state'),
    cacheHome: choose(environment['XDG_CACHE_HOME'], '.cache'),
  };
}

/** What any program may know about the machine and the user. */
const harmlessVariables = ['PATH', 'HOME', 'USER', 'LOGNAME', 'LANG', 'LC_ALL', 'LC_CTYPE', 'TZ', 'TMPDIR', 'TERM'];

/**
 * The environment of a child process: a harmless base and the variables named here, nothing else.
 * Naming a variable that holds a secret is a bug, and throws.
 */
export function childEnvironment(
  allowList: readonly string[] = [],
  environment: Environment = process.env,
): Record<string, string> {
  const secret = allowList.find(looksSecret);
  if (secret !== undefined) throw new Error(`${secret} must not be handed to child processes`);
  return withoutEmpty(
    Object.fromEntries([...harmlessVariables, ...allowList].map((name) => [name, environment[name]])),
  );
}

/** How Node reaches model providers from where this machine is. */
const networkVariables = ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'NODE_USE_ENV_PROXY', 'NODE_EXTRA_CA_CERTS'];

/** The environment of Countersign's own processes: all that this one was configured with, keys included, and changes. */
export function installationEnvironment(
  changes: Readonly<Record<string, string | undefined>>,
  environment: Environment = process.env,
): Record<string, string> {
  const clientOnly = ['COUNTERSIGN_URL', 'COUNTERSIGN_API_KEY'];
  const own = Object.keys(environmentSchema.shape).filter((name) => !clientOnly.includes(name));
  const proxies = [...networkVariables, ...networkVariables.map((name) => name.toLowerCase())];
  const credentials = Object.keys(environment).filter((name) => name.startsWith(CREDENTIAL_PREFIX));
  const names = [...harmlessVariables, ...credentials, 'XDG_STATE_HOME', 'XDG_CACHE_HOME', ...proxies, ...own];
  return withoutEmpty({ ...Object.fromEntries(names.map((name) => [name, environment[name]])), ...changes });
}

function withoutEmpty(environment: Environment): Record<string, string> {
  const set = Object.entries(environment).filter((entry): entry is [string, string] => Boolean(entry[1]));
  return Object.fromEntries(set);
}
