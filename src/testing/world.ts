/**
 * A whole Countersign for one test: real PostgreSQL (a database of its own), real Temporal (with time skipping where
 * asked), real HTTP. Only the model is scripted.
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { z } from 'zod';
import type { CredentialProvider } from '../adapters/credentials/credential-provider.ts';
import type { AgentSource } from '../adapters/agents/define-agent.ts';
import { openGuards } from '../adapters/guards/open-guards.ts';
import { startAllInOne } from '../processes/start-all-in-one.ts';
import type { AllInOne, AllInOneOptions } from '../processes/start-all-in-one.ts';
import type { PriceTable } from '../domain/prices.ts';
import type { RuleInput } from '../domain/policy/policy-schema.ts';
import type { Role } from '../domain/schemas/actor.ts';
import type { Scope } from '../domain/schemas/names.ts';
import { systemClock } from '../platform/clock.ts';
import { GuardsConfig } from '../platform/guards-file.ts';
import { createLogger } from '../platform/logger.ts';
import { dropDatabase } from '../platform/services/postgres-databases.ts';
import { createSigningKeys } from '../platform/signing-keys.ts';
import type { SigningKeys } from '../platform/signing-keys.ts';
import { DEFAULT_CAPACITY } from '../platform/worker-config.ts';
import { installTemporalRuntime } from '../worker/temporal-runtime.ts';
import { issueKey } from './issue-key.ts';
import { createMigratedDatabase } from './migrated-database.ts';
import { createPerson } from './person.ts';
import type { Person } from './person.ts';

export interface WorldServices {
  /** May create databases. */
  readonly postgresUrl: string;
  /** One with the store's tables, to copy: without it each world migrates a database of its own. */
  readonly templateDatabase?: string;
  readonly temporalAddress: string;
  /** Makes an environment whose time jumps; needed for `time: 'skipped'` only. */
  readonly timeSkipping?: () => Promise<TestWorkflowEnvironment>;
}

export interface WorldOptions {
  readonly services: WorldServices;
  readonly agents: readonly AgentSource[];
  /** Rules of the deployment's policy layer. */
  readonly deployment?: readonly RuleInput[];
  /** `skipped`: `world.skip('24h')` passes at once. Default `real`. */
  readonly time?: 'real' | 'skipped';
  readonly limits?: AllInOneOptions['limits'];
  readonly maxActiveRunsPerRequester?: number;
  /** As in the deployment's guards file. */
  readonly guards?: z.input<typeof GuardsConfig>;
  readonly maxCachedWorkflows?: number;
  /** Hosts in private networks that tools may call. */
  readonly allowedPrivateHosts?: readonly string[];
  /** Where the secrets are that tools name. None without. */
  readonly credentials?: CredentialProvider;
  /** Whether tools may run programs. Default false. */
  readonly allowCommands?: boolean;
  /** What models cost; by default what this version knows. */
  readonly prices?: PriceTable;
  /** Takes every log line, down to the finest; silent without. */
  readonly logs?: { write(line: string): void };
}

export interface PersonOptions {
  readonly roles?: readonly Role[];
  readonly groups?: readonly string[];
  readonly kind?: 'person' | 'service';
  readonly tenant?: string;
  readonly projects?: readonly string[];
  /** Who made the key, where that is somebody else. */
  readonly createdBy?: string;
}

export interface World extends AsyncDisposable {
  readonly url: string;
  readonly databaseUrl: string;
  readonly temporalAddress: string;
  readonly taskQueue: string;
  readonly scope: Scope;
  readonly keys: SigningKeys;
  readonly store: AllInOne['store'];
  readonly workspacesRoot: string;
  /** Makes an API key of this principal and speaks with it. Every role unless some are named. */
  person(principal: string, options?: PersonOptions): Promise<Person>;
  /** Lets time pass, `'4h 30m'`. Only in worlds with skipped time. */
  skip(duration: string): Promise<void>;
  nowMs(): Promise<number>;
}

/**
 * Everything is in one process here, on whatever machine: that it is slow is no reason to turn requests away.
 * Infinite, since a delay counts as infinite where there was no time to measure one.
 */
const BUSY_MACHINE_MS = Number.POSITIVE_INFINITY;
const NO_PROVIDERS = { apiKey: undefined, baseUrl: undefined };

export const createWorld = async (options: WorldOptions): Promise<World> => {
  const { services, agents, deployment = [], limits, maxCachedWorkflows, allowedPrivateHosts, allowCommands } = options;
  const name = `world_${randomBytes(8).toString('hex')}`;
  const logger = createLogger({
    service: 'world',
    ...(options.logs ? { level: 'trace', destination: options.logs } : { level: 'silent' }),
  });
  // Before the test environment, which would otherwise choose the settings of this process.
  installTemporalRuntime(logger);
  const environment = options.time === 'skipped' ? await services.timeSkipping?.() : undefined;
  if (options.time === 'skipped' && !environment) throw new Error('This world needs services.timeSkipping.');
  const clock = environment ? { nowMs: () => environment.currentTimeMs() } : systemClock;
  const databaseUrl = await createMigratedDatabase(services.postgresUrl, name, services.templateDatabase);
  const workspacesRoot = await mkdtemp(join(tmpdir(), 'countersign-world-'));
  const scope = { tenant: 'acme', project: 'web' };
  const keys = await createSigningKeys(await clock.nowMs());
  const temporalAddress = environment?.address ?? services.temporalAddress;
  const countersign = await startAllInOne({
    databaseUrl,
    temporal: { address: temporalAddress },
    namespace: environment?.namespace ?? 'default',
    taskQueue: name,
    scope,
    keys,
    agents,
    deployment,
    models: { openai: NO_PROVIDERS, anthropic: NO_PROVIDERS, google: NO_PROVIDERS, compatible: NO_PROVIDERS },
    workspacesRoot,
    forbidden: [],
    clock,
    logger,
    version: '0.0.0-test',
    guards: openGuards(GuardsConfig.parse(options.guards ?? {})),
    host: '127.0.0.1',
    port: 0,
    shutdownGraceMs: 200,
    ...(allowedPrivateHosts && { allowedPrivateHosts }),
    ...(options.credentials && { credentials: options.credentials }),
    ...(allowCommands !== undefined && { allowCommands }),
    limits: { eventLoopDelayMs: BUSY_MACHINE_MS, ...limits },
    maxActiveRunsPerRequester: options.maxActiveRunsPerRequester,
    ...(options.prices && { prices: options.prices }),
    ...(maxCachedWorkflows !== undefined && { capacity: { ...DEFAULT_CAPACITY, cachedRuns: maxCachedWorkflows } }),
  });
  const { url, store } = countersign;

  return {
    url,
    databaseUrl,
    temporalAddress,
    taskQueue: name,
    scope,
    keys,
    store,
    workspacesRoot,
    async person(principal, given = {}) {
      const { key } = await issueKey(store, scope, { principal, createdAt: await clock.nowMs(), ...given });
      return createPerson(url, key);
    },
    async skip(duration) {
      if (!environment) throw new Error("Only a world with `time: 'skipped'` can skip time.");
      // Temporal takes one unit at a time.
      for (const part of duration.split(' ')) {
        await environment.sleep(part as Parameters<TestWorkflowEnvironment['sleep']>[0]);
      }
    },
    nowMs: () => clock.nowMs(),
    async [Symbol.asyncDispose]() {
      await countersign.stop();
      await environment?.teardown();
      await dropDatabase(services.postgresUrl, name);
      await rm(workspacesRoot, { recursive: true, force: true });
    },
  };
};
