/** What each variable is for. The page docs/reference/configuration.md is made of these, and `config show` shows them. */
import type { environmentSchema } from './environment/environment-schema.ts';

export interface VariableNote {
  readonly group: VariableGroup;
  /** What holds where it is not set: Markdown. */
  readonly fallback: string;
  /** Markdown; links are relative to docs/reference. */
  readonly what: string;
}

export const VARIABLE_GROUPS = {
  services: 'Database and Temporal',
  api: 'API',
  workers: 'Workers',
  agents: 'Agents, policy, people',
  models: 'Models',
  installation: 'Installation',
  client: 'Command line',
  tests: 'Tests',
} as const;
export type VariableGroup = keyof typeof VARIABLE_GROUPS;

const note = (group: VariableGroup, fallback: string, what: string): VariableNote => ({ group, fallback, what });
const provider = (models: string): VariableNote => note('models', 'none', models);

export const VARIABLE_NOTES: Readonly<Record<keyof typeof environmentSchema.shape, VariableNote>> = {
  DATABASE_URL: note('services', 'a local PostgreSQL', '`postgres://` URL of a PostgreSQL of your own'),
  TEMPORAL_ADDRESS: note('services', 'a local development server', '`host:port` of a Temporal of your own'),
  TEMPORAL_NAMESPACE: note('services', '`default`', 'Temporal namespace'),
  TEMPORAL_API_KEY: note('services', 'none', 'API key for Temporal; it switches TLS on'),
  TEMPORAL_TLS: note('services', '`true` with an API key or any other TLS setting', '`true` or `false`'),
  TEMPORAL_TLS_SERVER_NAME: note('services', 'the host of the address', "host that Temporal's certificate must name"),
  TEMPORAL_TLS_SERVER_CA_CERT_PATH: note(
    'services',
    "the system's authorities",
    'absolute path of a PEM file with the authorities that Temporal is believed by',
  ),
  TEMPORAL_TLS_SERVER_CA_CERT_DATA: note('services', 'none', 'the same, as PEM'),
  TEMPORAL_TLS_CLIENT_CERT_PATH: note('services', 'none', 'absolute path of a PEM file: the certificate for mTLS'),
  TEMPORAL_TLS_CLIENT_CERT_DATA: note('services', 'none', 'the same, as PEM'),
  TEMPORAL_TLS_CLIENT_KEY_PATH: note('services', 'none', 'absolute path of a PEM file: the key of that certificate'),
  TEMPORAL_TLS_CLIENT_KEY_DATA: note('services', 'none', 'the same, as PEM'),
  TEMPORAL_TLS_DISABLE_HOST_VERIFICATION: note(
    'services',
    '`false`',
    "anything else is refused: Temporal's TypeScript SDK always verifies",
  ),
  TEMPORAL_CONFIG_FILE: note(
    'services',
    'with a profile, `temporalio/temporal.toml` in `XDG_CONFIG_HOME`',
    'absolute path of a [`temporal.toml`](#temporal)',
  ),
  TEMPORAL_PROFILE: note('services', 'none; with a file, `default`', 'profile of that file'),
  TEMPORAL_CLI_PATH: note(
    'services',
    '`temporal` on the path, else fetched',
    'absolute path of the Temporal CLI to start the local server with',
  ),
  COUNTERSIGN_API_HOST: note(
    'api',
    '`127.0.0.1`',
    'address the API listens on: a loopback one, or any other, such as `0.0.0.0`, together with `COUNTERSIGN_ALLOWED_HOSTS`',
  ),
  COUNTERSIGN_API_PORT: note('api', '`3310`, another where that is taken', 'port the API listens on'),
  COUNTERSIGN_ALLOWED_HOSTS: note(
    'api',
    'loopback names only',
    'host names under which the API may be called, such as `countersign.example`, separated by commas. Cookies are then for HTTPS only: a proxy in front ends TLS',
  ),
  COUNTERSIGN_ALLOWED_ORIGINS: note(
    'api',
    'none',
    'origins whose pages may call the API from a browser, such as `https://app.example`, separated by commas ([limits](limits.md#browsers))',
  ),
  COUNTERSIGN_TRUSTED_PROXIES: note(
    'api',
    'none',
    'addresses or CIDR ranges of reverse proxies whose `X-Forwarded-For` counts, separated by commas ([limits](limits.md#rates))',
  ),
  COUNTERSIGN_RATE_LIMITS: note(
    'api',
    'see [limits](limits.md#rates)',
    'requests a minute, as in `reads=6000,decisions=600`; what is not named keeps its default',
  ),
  COUNTERSIGN_CHECKPOINT_SINK: note(
    'api',
    'none: no checkpoints are made',
    'where [signed checkpoints](../how-to/verify-the-audit-log.md#keep-checkpoints) of the audit log go every minute: `file:/path` or `https://` URLs, separated by commas; user and password in a URL become basic authentication',
  ),
  COUNTERSIGN_JWT_FILE: note(
    'api',
    'none: API keys only',
    'absolute path of a YAML or JSON file that says [which tokens of identity providers are believed](../how-to/give-access.md#tokens-of-an-identity-provider)',
  ),
  COUNTERSIGN_GUARDS_FILE: note(
    'api',
    'none: personal data is marked, nothing is moderated',
    "absolute path of a YAML or JSON file that says how people's words are [guarded](../how-to/guard-human-text.md)",
  ),
  COUNTERSIGN_MODERATION_TOKEN: note('api', 'none', 'sent to the moderation service of that file as a bearer token'),
  COUNTERSIGN_TASK_QUEUE: note('workers', '`countersign`', 'Temporal task queue in which the API starts runs'),
  COUNTERSIGN_WORKER_TASK_QUEUES: note(
    'workers',
    'that one',
    'task queues that a worker serves, separated by commas; the first names its deployment',
  ),
  COUNTERSIGN_WORKER_VERSIONING: note(
    'workers',
    '`auto_upgrade`',
    '`auto_upgrade`: runs go on with the current version. `pinned`: each finishes on the version that it began with. `off`: workers without versions ([how](../how-to/deploy-a-new-version.md))',
  ),
  TEMPORAL_DEPLOYMENT_NAME: note('workers', "the task queue's name", 'worker deployment that a worker belongs to'),
  TEMPORAL_WORKER_BUILD_ID: note(
    'workers',
    'by content',
    'version within the deployment. By default from what the workflow bundle holds and, with `pinned`, from the agents; name it where the code of tools is to count as well',
  ),
  COUNTERSIGN_WORKER_PROMOTE: note(
    'workers',
    '`new`, or `never` where `TEMPORAL_DEPLOYMENT_NAME` is set',
    '`new`: a version that has never been current becomes it with its first worker. `never`: that is for `worker deploy`, or for [Temporal’s worker controller](../how-to/deploy-a-new-version.md#on-kubernetes)',
  ),
  COUNTERSIGN_WORKER_DRAIN_SECONDS: note(
    'workers',
    '`45`',
    'how long steps under way may take when a worker is asked to stop: longer than every step but model calls and tools takes (30 s)',
  ),
  COUNTERSIGN_WORKER_STEPS: note('workers', '`200`', 'model calls, tools and other steps at a time in one worker'),
  COUNTERSIGN_WORKER_WORKFLOW_TASKS: note('workers', '`40`', 'workflow tasks at a time in one worker, at least 2'),
  COUNTERSIGN_WORKER_CACHED_RUNS: note(
    'workers',
    '`500`',
    'runs whose state one worker keeps in memory; others are replayed when they move',
  ),
  COUNTERSIGN_WORKER_POLLERS: note(
    'workers',
    "the SDK's number",
    'polls at a time for each kind of task: a number, or a range such as `2-50` within which the server says how many',
  ),
  COUNTERSIGN_WORKER_TARGET_MEMORY: note(
    'workers',
    'none; `0.8` with the other',
    'share of the memory up to which a worker takes on more, as in `0.8`; steps and workflow tasks stay within their numbers',
  ),
  COUNTERSIGN_WORKER_TARGET_CPU: note('workers', 'none; `0.9` with the other', 'the same for the processors'),
  COUNTERSIGN_CLASSIC_RUNS: note(
    'api',
    '`off`',
    "`on`: an API process that runs apart from the workers drives runs of [classic execution](../how-to/choose-an-execution-mode.md) itself, with the agents' models and tools in it. The all-in-one process always does",
  ),
  COUNTERSIGN_MAX_ACTIVE_RUNS_PER_REQUESTER: note(
    'workers',
    'no limit',
    'how many runs of one requester may be [active at a time](../how-to/run-conversations.md#limit-what-one-person-has-running) in a tenant; the same for every API and worker',
  ),
  COUNTERSIGN_AGENTS: note(
    'agents',
    '`examples/release-notes/agent.ts`',
    '[modules that export agents, and YAML or JSON files](agent-definition.md), separated by commas, relative to the working directory',
  ),
  COUNTERSIGN_RELOAD_AGENTS: note(
    'agents',
    '`on` with `npm start` and `dev`, else `off`',
    'whether [agents are loaded again](../how-to/write-an-agent.md#while-it-runs) when their files change: `on` or `off`. Separate workers never do',
  ),
  COUNTERSIGN_POLICY_FILE: note(
    'agents',
    'none',
    "absolute path of a YAML or JSON file with the [deployment's policy layer](policy.md), and the groups and members that it knows. For workers and for the API, which refuses layers that name other groups",
  ),
  COUNTERSIGN_CREDENTIALS: note(
    'agents',
    'variables: `github` is `COUNTERSIGN_CREDENTIAL_GITHUB`',
    'where the secrets are that [tools name](../how-to/give-a-tool-a-credential.md): `file:/path` of a JSON file of mode 0600, or the `https://` URL of a vault',
  ),
  COUNTERSIGN_CREDENTIALS_TOKEN: note('agents', 'none', 'bearer token for that vault'),
  COUNTERSIGN_ALLOWED_PRIVATE_HOSTS: note(
    'agents',
    'none',
    'host names, addresses or CIDR ranges in private networks that [outgoing requests](limits.md#outgoing-requests) may go to, separated by commas',
  ),
  COUNTERSIGN_ALLOW_COMMANDS: note(
    'agents',
    '`false`',
    "`true` lets agents have tools that [run programs](../how-to/let-an-agent-run-programs.md) on the worker's machine; without, such an agent keeps the worker from starting",
  ),
  COUNTERSIGN_REPOSITORY: note(
    'agents',
    'this one',
    'absolute path of the git repository that the example agent reads when a call names none',
  ),
  COUNTERSIGN_REPOSITORIES_ROOT: note(
    'agents',
    'none',
    'absolute path of the directory whose git repositories agents may read ([how to](../how-to/run-on-another-repository.md))',
  ),
  COUNTERSIGN_MODEL: note(
    'models',
    'by the keys that are set',
    '`provider/model` for agents that name none ([how to](../how-to/use-a-real-model.md))',
  ),
  COUNTERSIGN_PRICES_FILE: note(
    'models',
    'none',
    'absolute path of a JSON file with [prices of models](usage.md#prices) that win over the table of this version',
  ),
  OPENAI_API_KEY: provider('models `openai/…`'),
  OPENAI_BASE_URL: provider('address of their API'),
  ANTHROPIC_API_KEY: provider('models `anthropic/…`'),
  ANTHROPIC_BASE_URL: provider('address of their API'),
  GOOGLE_API_KEY: provider('models `google/…`'),
  GOOGLE_BASE_URL: provider('address of their API'),
  OPENAI_COMPATIBLE_API_KEY: provider('models `compatible/…`, optional'),
  OPENAI_COMPATIBLE_BASE_URL: provider('address of their API: it switches them on'),
  COUNTERSIGN_TENANT: note('installation', '`default`', 'where agents are registered and the first key works'),
  COUNTERSIGN_PROJECT: note('installation', '`default`', 'the same: project within the tenant'),
  COUNTERSIGN_STATE_DIRECTORY: note(
    'installation',
    '[chosen by `npm start`](#state-directory)',
    'absolute path of the directory with keys and local services',
  ),
  COUNTERSIGN_WORKSPACES_ROOT: note(
    'installation',
    'beside the state directory',
    'absolute path of the directory with one workspace a run, for artifacts; never within the state directory',
  ),
  COUNTERSIGN_LOG_LEVEL: note(
    'installation',
    '`info`',
    '`fatal`, `error`, `warn`, `info`, `debug`, `trace` or `silent`',
  ),
  COUNTERSIGN_URL: note(
    'client',
    'the installation of this checkout',
    'address of the API that the [command line](cli.md) talks to',
  ),
  COUNTERSIGN_API_KEY: note('client', 'the first key, kept by `npm start`', 'key that the command line uses'),
  TEMPORAL_TEST_SERVER_PATH: note('tests', 'fetched', 'absolute path of the time-skipping server, for tests'),
  COUNTERSIGN_TEST_SERVICES: note('tests', '`all`', '`none` runs tests of pure code without starting services'),
  COUNTERSIGN_CONTRACT_TEST: note(
    'tests',
    '`quick`',
    '`full` makes every request of the contract test, as `npm run test:contract` does',
  ),
};

/** Read, too, but not by these names alone. */
export const OTHER_VARIABLES: Readonly<Record<string, VariableNote>> = {
  TEMPORAL_GRPC_META_: note(
    'services',
    'none',
    'with the name of a header behind it, as in `TEMPORAL_GRPC_META_X_TEAM`: sent along with every call to Temporal',
  ),
  COUNTERSIGN_CREDENTIAL_: note(
    'agents',
    'none',
    'with the name of a secret behind it: see [credentials](../how-to/give-a-tool-a-credential.md)',
  ),
  XDG_STATE_HOME: note('installation', '`~/.local/state`', 'where the state directory lies'),
  XDG_CACHE_HOME: note(
    'installation',
    '`~/.cache`',
    'where fetched programs are kept, under `countersign/`, for all checkouts',
  ),
};
