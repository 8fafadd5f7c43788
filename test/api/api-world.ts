// A real API over HTTP with a real database; only what Temporal would do is recorded instead, for what no run moves.
import { pino } from 'pino';
import { openGuards } from '../../src/adapters/guards/open-guards.ts';
import { serveApi } from '../../src/api/server.ts';
import type { ApiService } from '../../src/api/server.ts';
import type { ApiDependencies, ApiLimits, ArtifactReader } from '../../src/api/dependencies.ts';
import type { Problem } from '../../src/contract/problem.ts';
import type { WorkflowAddress } from '../../src/domain/core/ids.ts';
import type { SignedCommand } from '../../src/domain/schemas/command.ts';
import type { Fleet } from '../../src/gateway/deployments/read-fleet.ts';
import type { CommandName, Delivery, RunGateway, RunStart } from '../../src/gateway/run-gateway.ts';
import { createCommandSigner } from '../../src/gateway/sign-command.ts';
import { GuardsConfig } from '../../src/platform/guards-file.ts';
import { createSigningKeys } from '../../src/platform/signing-keys.ts';
import type { NewCredential } from '../../src/store/credentials.ts';
import { openStore } from '../../src/store/database.ts';
import type { Store } from '../../src/store/database.ts';
import { putDefinition } from '../../src/store/definitions.ts';
import { createEventFeed } from '../../src/store/feed.ts';
import { issueKey } from '../../src/testing/issue-key.ts';
import type { IssuedKey } from '../../src/testing/issue-key.ts';
import type { VerdictView } from '../../src/workflows/messages.ts';
import { createTestDatabase } from '../support/database.ts';
import { agentDigestOf, testDefinition } from './definition.ts';

export const scope = { tenant: 'acme', project: 'shop' };

/** Takes commands as Temporal would, and remembers them. What a run makes of them is up to the test. */
const NO_WORKERS = { versions: [], unversionedWorkers: 0, unserved: [], hasMoreUnserved: false };

export class RecordingGateway implements RunGateway {
  readonly starts: RunStart[] = [];
  readonly decisions: { address: WorkflowAddress; command: SignedCommand }[] = [];
  readonly cancels: { address: WorkflowAddress; command: SignedCommand }[] = [];
  /** All of them, in order. */
  readonly commands: { address: WorkflowAddress; name: CommandName; command: SignedCommand }[] = [];
  readonly rechecks: { address: WorkflowAddress; toolCallId: string }[] = [];
  readonly questions: { approvalId: string; decisionId: string }[] = [];
  /** Called with each start before it is answered. */
  onStart: (run: RunStart) => Promise<void> | void = () => {};
  /** Called with each decision before it is accepted. */
  onDecide: (address: WorkflowAddress, command: SignedCommand) => Promise<Delivery> | Delivery = () => 'accepted';
  /** Called with every other command before it is accepted. */
  onCommand: (address: WorkflowAddress, name: CommandName, command: SignedCommand) => Promise<Delivery> | Delivery =
    () => 'accepted';
  onCancel: (address: WorkflowAddress) => Promise<Delivery> | Delivery = () => 'accepted';
  onVerdict: (approvalId: string, decisionId: string) => Promise<VerdictView | undefined> | VerdictView | undefined =
    () => undefined;
  unavailable: unknown;

  async startRun(run: RunStart): Promise<void> {
    this.#assertAvailable();
    this.starts.push(run);
    await this.onStart(run);
  }
  async command(address: WorkflowAddress, name: CommandName, command: SignedCommand): Promise<Delivery> {
    this.#assertAvailable();
    this.commands.push({ address, name, command });
    if (name === 'decide') {
      this.decisions.push({ address, command });
      return this.onDecide(address, command);
    }
    if (name === 'cancel') {
      this.cancels.push({ address, command });
      return this.onCancel(address);
    }
    return this.onCommand(address, name, command);
  }
  async recheck(address: WorkflowAddress, toolCallId: string): Promise<Delivery> {
    this.#assertAvailable();
    this.rechecks.push({ address, toolCallId });
    return 'accepted';
  }
  async verdict(_address: WorkflowAddress, approvalId: string, decisionId: string): Promise<VerdictView | undefined> {
    this.questions.push({ approvalId, decisionId });
    return this.onVerdict(approvalId, decisionId);
  }
  async fleet(): Promise<Fleet> {
    this.#assertAvailable();
    return { deploymentName: 'test', taskQueues: ['test'], ...NO_WORKERS };
  }
  async isHealthy(): Promise<boolean> {
    return this.unavailable === undefined;
  }
  #assertAvailable(): void {
    if (this.unavailable !== undefined) throw this.unavailable;
  }
}

export interface Answer<T> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: T;
  readonly text: string;
}

export interface CallOptions {
  readonly key?: string | null;
  readonly body?: unknown;
  readonly raw?: string;
  readonly headers?: Record<string, string>;
  /** Of a stream that need not end, no more than this. */
  readonly firstEvent?: boolean;
}

export interface ApiWorld extends AsyncDisposable {
  readonly url: string;
  readonly store: Store;
  readonly gateway: RecordingGateway;
  readonly logLines: string[];
  readonly artifacts: Map<string, string>;
  /** A key with all of a person's roles in the project. */
  readonly key: string;
  /** Closes the server and leaves the rest. */
  close(): Promise<void>;
  newKey(changes?: Partial<NewCredential>): Promise<IssuedKey>;
  call<T = Problem>(method: string, path: string, options?: CallOptions): Promise<Answer<T>>;
}

export async function createApiWorld(
  options: {
    limits?: Partial<ApiLimits>;
    dependencies?: Partial<ApiDependencies>;
    /** The address through which the API reaches the database. */
    through?: (databaseUrl: string) => Promise<string>;
  } = {},
): Promise<ApiWorld> {
  const database = await createTestDatabase();
  const apiDatabaseUrl = (await options.through?.(database.url)) ?? database.url;
  const store = openStore({ url: apiDatabaseUrl });
  const logLines: string[] = [];
  const logger = pino({ level: 'debug' }, { write: (line: string) => void logLines.push(line) });
  const feed = createEventFeed({ url: apiDatabaseUrl, store, logger });
  const gateway = new RecordingGateway();
  const artifacts = new Map<string, string>();
  const reader: ArtifactReader = {
    list: async () =>
      [...artifacts].map(([path, text]) => ({ path, bytes: Buffer.byteLength(text), sha256: 'ab'.repeat(32) })),
    read: async (_scope, _runId, path) => {
      const text = artifacts.get(path);
      return text === undefined ? undefined : { bytes: Buffer.from(text), sha256: 'ab'.repeat(32) };
    },
  };
  const service: ApiService = await serveApi(
    {
      store,
      feed,
      gateway,
      signer: await createCommandSigner(await createSigningKeys(Date.now())),
      clock: { nowMs: async () => Date.now() },
      logger,
      artifacts: reader,
      guards: openGuards(GuardsConfig.parse({})),
      allowedHosts: [],
      version: '0.0.0',
      // A slow machine is no reason to turn requests away.
      limits: { eventLoopDelayMs: Number.POSITIVE_INFINITY, verdictAfterMs: 200, ...options.limits },
      ...options.dependencies,
    },
    { host: '127.0.0.1', port: 0 },
  );
  const definition = testDefinition();
  await putDefinition(store, scope, definition, agentDigestOf(definition));

  const newKey: ApiWorld['newKey'] = (changes = {}) =>
    issueKey(store, scope, { principal: 'ada', groups: ['support'], ...changes });
  const { key } = await newKey();

  return {
    url: service.url,
    store,
    gateway,
    logLines,
    artifacts,
    key,
    newKey,
    close: () => service.close(),
    call: async (method, path, { key: withKey = key, body, raw, headers = {}, firstEvent = false } = {}) => {
      const content = raw ?? (body === undefined ? undefined : JSON.stringify(body));
      const response = await fetch(`${service.url}${path}`, {
        method,
        redirect: 'manual',
        headers: {
          ...(withKey === null ? {} : { authorization: `Bearer ${withKey}` }),
          ...(content === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(content === undefined ? {} : { body: content }),
      });
      const isStream = (response.headers.get('content-type') ?? '').startsWith('text/event-stream');
      const text = isStream && firstEvent ? await firstEventOf(response) : await response.text();
      const isJson = /[/+]json\b/.test(response.headers.get('content-type') ?? '');
      return {
        status: response.status,
        headers: response.headers,
        text,
        body: isJson && text !== '' ? JSON.parse(text) : undefined,
      };
    },
    [Symbol.asyncDispose]: async () => {
      await service.close();
      await feed.close();
      await store.close();
      await database.drop();
    },
  };
}

/** What came up to the end of its first event. */
async function firstEventOf(response: Response): Promise<string> {
  let text = '';
  for await (const piece of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += piece;
    if (/^event: .*\n(?:.+\n)*\n/m.test(text)) break;
  }
  return text;
}
