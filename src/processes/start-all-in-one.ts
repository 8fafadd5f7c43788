/**
 * Worker and bridge in one process. They share the worker's Temporal connection, so that runs start eagerly on it. For
 * development, tests and small installations; in production they are processes of their own.
 */
import { NativeConnection } from '@temporalio/worker';
import { createActivities } from '../activities/index.ts';
import type { CheckpointSink } from '../adapters/sinks/checkpoint-sink.ts';
import type { CredentialProvider } from '../adapters/credentials/credential-provider.ts';
import type { AgentSource } from '../adapters/agents/define-agent.ts';
import type { ModelsConfig } from '../adapters/models/model-registry.ts';
import type { ApiLimits } from '../api/dependencies.ts';
import { serveApi } from '../api/server.ts';
import { startClassicRunner } from '../classic/classic-runner.ts';
import type { Guard } from '../domain/guards/guard.ts';
import type { RuleInput } from '../domain/policy/policy-schema.ts';
import type { KnownPeople } from '../domain/policy/quorum-faults.ts';
import type { PriceTable } from '../domain/prices.ts';
import type { Scope } from '../domain/schemas/names.ts';
import { connectLazily } from '../gateway/connection.ts';
import { registerSearchAttributes } from '../gateway/search-attributes.ts';
import { createCommandSigner } from '../gateway/sign-command.ts';
import { createTemporalGateway } from '../gateway/temporal-gateway.ts';
import type { Clock } from '../platform/clock.ts';
import type { Logger } from '../platform/logger.ts';
import { trustedKeys } from '../platform/signing-keys.ts';
import type { SigningKeys } from '../platform/signing-keys.ts';
import type { TemporalEndpoint } from '../platform/temporal-endpoint.ts';
import type { TokenVerifier } from '../platform/tokens/token-verifier.ts';
import type { WorkerCapacity } from '../platform/worker-config.ts';
import { artifactReader } from './artifact-reader.ts';
import { startCheckpointer } from './checkpointer.ts';
import { createCheckpointSigner } from './sign-checkpoint.ts';
import { openStore } from '../store/database.ts';
import type { Store } from '../store/database.ts';
import { createEventFeed } from '../store/feed.ts';
import { startWorker } from '../worker/start-worker.ts';
import type { RunningWorker } from '../worker/start-worker.ts';
import { installTemporalRuntime } from '../worker/temporal-runtime.ts';

export interface AllInOneOptions {
  readonly databaseUrl: string;
  readonly temporal: TemporalEndpoint;
  readonly namespace: string;
  readonly taskQueue: string;
  readonly scope: Scope;
  readonly keys: SigningKeys;
  readonly agents: readonly AgentSource[];
  /** Rules of the deployment's own policy layer. */
  readonly deployment: readonly RuleInput[];
  /** Whom the deployment knows: rules that name other groups are refused. */
  readonly people?: KnownPeople;
  /** Checks tokens of identity providers; without it none is believed. */
  readonly tokens?: TokenVerifier;
  readonly models: ModelsConfig;
  readonly prices?: PriceTable;
  readonly workspacesRoot: string;
  readonly forbidden: readonly string[];
  /** Private addresses that tools may call. */
  readonly allowedPrivateHosts?: readonly string[];
  /** Where the secrets are that tools name. None without. */
  readonly credentials?: CredentialProvider;
  /** Whether tools may run programs. Default false. */
  readonly allowCommands?: boolean;
  readonly clock: Clock;
  readonly logger: Logger;
  /** What people write passes these before anything is done with it. */
  readonly guards: readonly Guard[];
  readonly version: string;
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** Where signed checkpoints of the audit chains go. */
  readonly checkpointSinks?: readonly CheckpointSink[];
  /** Host names that it answers to beside loopback ones. */
  readonly allowedHosts?: readonly string[];
  readonly allowedOrigins?: readonly string[];
  readonly trustedProxies?: readonly string[];
  readonly limits?: Partial<ApiLimits>;
  /** How many runs of one requester may be active at a time in a tenant; no limit without. */
  readonly maxActiveRunsPerRequester?: number | undefined;
  readonly shutdownGraceMs?: number;
  readonly capacity?: WorkerCapacity;
}

export interface AllInOne {
  readonly url: string;
  readonly store: Store;
  /** Rejects where the worker failed. */
  readonly ended: Promise<void>;
  /** As the worker's. */
  readonly reloadAgents: RunningWorker['reloadAgents'];
  stop(): Promise<void>;
}

export const startAllInOne = async (options: AllInOneOptions): Promise<AllInOne> => {
  const { databaseUrl, temporal, namespace, taskQueue, keys, logger, clock } = options;
  installTemporalRuntime(logger);
  const trust = trustedKeys(keys);
  const store = openStore({ url: databaseUrl, applicationName: 'countersign' });
  const connection = connectLazily(temporal);
  const workerConnection = await NativeConnection.connect(temporal);
  await registerSearchAttributes(connection, namespace);
  const gateway = createTemporalGateway({ connection, namespace, taskQueue, trust, workerConnection });
  const worker = await startWorker({
    ...options,
    taskQueues: [taskQueue],
    store,
    trust,
    gateway,
    connection: workerConnection,
  });
  const feed = createEventFeed({ url: databaseUrl, store, logger });
  const classic = await startClassicRunner({
    store,
    clock,
    logger,
    trust,
    activities: createActivities(worker.dependencies),
    ...(options.shutdownGraceMs !== undefined && { graceMs: options.shutdownGraceMs }),
  });
  const api = await serveApi(
    {
      store,
      feed,
      gateway,
      classic,
      signer: await createCommandSigner(keys),
      clock,
      logger,
      artifacts: artifactReader(options),
      maxActiveRunsPerRequester: options.maxActiveRunsPerRequester,
      guards: options.guards,
      allowedHosts: options.allowedHosts ?? [],
      allowedOrigins: options.allowedOrigins ?? [],
      trustedProxies: options.trustedProxies ?? [],
      version: options.version,
      ...(options.tokens && { tokens: options.tokens }),
      ...(options.people && { people: options.people }),
      ...(options.limits && { limits: options.limits }),
    },
    { host: options.host, port: options.port },
  );
  const sinks = options.checkpointSinks ?? [];
  const sign = await createCheckpointSigner(keys);
  const checkpointer = sinks.length > 0 ? startCheckpointer({ store, sinks, sign, clock, logger }) : undefined;
  return {
    url: api.url,
    store,
    ended: worker.ended,
    reloadAgents: worker.reloadAgents,
    async stop() {
      await api.close();
      await classic.stop();
      await worker.stop();
      // After everything that could still add to a chain.
      await checkpointer?.stop();
      await feed.close();
      await Promise.all([connection.close(), workerConnection.close(), store.close()]);
    },
  };
};
