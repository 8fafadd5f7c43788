/** Everything the API needs of the outside: handed in, so that it can be built without listening or connecting. */
import type { Action, Reach } from '../domain/authorise.ts';
import type { Guard } from '../domain/guards/guard.ts';
import type { KnownPeople } from '../domain/policy/quorum-faults.ts';
import type { Actor, Channel, Role } from '../domain/schemas/actor.ts';
import type { AgentDefinition } from '../domain/schemas/agent.ts';
import type { Scope } from '../domain/schemas/names.ts';
import type { Receipt } from '../domain/schemas/run.ts';
import type { CommandSigner } from '../gateway/sign-command.ts';
import type { RunGateway } from '../gateway/run-gateway.ts';
import type { Clock } from '../platform/clock.ts';
import type { Logger } from '../platform/logger.ts';
import type { TokenVerifier } from '../platform/tokens/token-verifier.ts';
import { DEFAULT_RATES } from '../platform/rates.ts';
import type { Rates } from '../platform/rates.ts';
import type { Store } from '../store/database.ts';
import type { EventFeed } from '../store/feed.ts';
import type { RunRow } from '../store/run-rows.ts';

/** The run's workspace, as much of it as the API shows. */
export interface ArtifactReader {
  list(scope: Scope, runId: string): Promise<readonly Receipt[]>;
  /** Undefined where the workspace has no such regular file. */
  read(
    scope: Scope,
    runId: string,
    path: string,
  ): Promise<{ readonly bytes: Uint8Array; readonly sha256: string } | undefined>;
}

/** Drives runs of classic execution in this process. */
export interface ClassicRuns {
  /** What a new run names as its driver; undefined where none can be begun now. */
  readonly driverId: string | undefined;
  /** Drives a run whose row names this driver, to its end. */
  begin(run: RunRow, definition: AgentDefinition): void;
  /** A cancel was recorded, for one of its runs perhaps. */
  look(): void;
}

export interface ApiLimits {
  /** Largest request body. */
  readonly bodyBytes: number;
  /** How long `Prefer: wait` may hold a request. */
  readonly waitMaxMs: number;
  /** Open event streams a principal may have on this replica. */
  readonly streamsPerPrincipal: number;
  /** Silence on an event stream after which a comment is sent. */
  readonly heartbeatMs: number;
  /** How long the reader of a stream may take nothing before the stream is closed. */
  readonly streamStallMs: number;
  /** How long a decision waits for an approval that is not stored yet. */
  readonly approvalWaitMs: number;
  /**
   * Silence of the feed after which the workflow is asked about a decision: longer than a busy worker takes, since each
   * question is one more task for it.
   */
  readonly verdictAfterMs: number;
  /** After this the decision is answered 202. */
  readonly decisionWaitMs: number;
  /** How long a session may be without a request. */
  readonly sessionIdleMs: number;
  /** How long a session lasts at most. */
  readonly sessionMaxMs: number;
  /** How often a stream asks whether its reader may still have it. */
  readonly callerCheckMs: number;
  /** Requests a minute. */
  readonly rates: Rates;
  /** Mean delay of the event loop above which requests are turned away: what is under way shall be finished. */
  readonly eventLoopDelayMs: number;
  /** How long a client may take to send its headers. */
  readonly headersTimeoutMs: number;
  /** How long it may take to send the whole request. */
  readonly requestTimeoutMs: number;
  /** How long a closing server still takes requests on connections that it has, telling each to go elsewhere. */
  readonly drainMs: number;
}

export const DEFAULT_LIMITS: ApiLimits = {
  bodyBytes: 1_048_576,
  waitMaxMs: 60_000,
  streamsPerPrincipal: 512,
  heartbeatMs: 15_000,
  streamStallMs: 60_000,
  approvalWaitMs: 2_000,
  verdictAfterMs: 1_500,
  decisionWaitMs: 3_000,
  sessionIdleMs: 30 * 60_000,
  sessionMaxMs: 12 * 3_600_000,
  callerCheckMs: 30_000,
  rates: DEFAULT_RATES,
  eventLoopDelayMs: 3_000,
  // Nobody's headers are long, and a slow drip of them holds a connection.
  headersTimeoutMs: 10_000,
  // A body of the largest size over a slow line.
  requestTimeoutMs: 30_000,
  drainMs: 250,
};

export interface ApiDependencies {
  readonly store: Store;
  readonly feed: EventFeed;
  readonly gateway: RunGateway;
  readonly signer: CommandSigner;
  /** Without it, agents of classic execution are not served here. */
  readonly classic?: ClassicRuns;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly artifacts: ArtifactReader;
  /** How many runs of one requester may be active at a time in a tenant; no limit without. */
  readonly maxActiveRunsPerRequester?: number | undefined;
  /** What people write passes these, in their order, before anything is done with it. */
  readonly guards: readonly Guard[];
  /** Host names that it answers to beside loopback ones. With any, it is called over HTTPS: cookies are for that alone. */
  readonly allowedHosts: readonly string[];
  /** Origins whose pages may call the API from a browser; none by default. */
  readonly allowedOrigins?: readonly string[];
  /** Addresses and ranges of the reverse proxies in front; none by default. */
  readonly trustedProxies?: readonly string[];
  readonly version: string;
  /** Checks tokens of identity providers; without it API keys are the only credentials. */
  readonly tokens?: TokenVerifier;
  /** Whom the deployment knows: policy layers that name other groups are refused. */
  readonly people?: KnownPeople;
  readonly limits?: Partial<ApiLimits>;
}

/** What the routes get: the dependencies with every limit set. */
export type Api = Omit<ApiDependencies, 'limits'> & {
  readonly limits: ApiLimits;
  /** Aborted when the server closes: whoever only waits answers with what there is. */
  readonly closing: AbortSignal;
};

/** Who makes this request. */
export interface Caller {
  readonly scope: Scope;
  readonly actor: Actor;
  /** Without what others have delegated: runs are asked for in one's own name only. */
  readonly own: Actor;
  readonly roles: readonly Role[];
  /** All projects of the credential. */
  readonly projects: readonly string[];
  /** The way that this caller's commands come in. */
  readonly channel: Channel;
  readonly authenticatedAtMs: number;
  /** When the credential ends by itself; null: never. */
  readonly endsAtMs: number | null;
  /** Set where a session's cookie brought the caller. */
  readonly sessionId?: string;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Set before any handler of a route that is not public. */
    caller: Caller;
    /** How far the caller's roles reach for the route's action. */
    reach: Reach;
    /** Finds out again who the caller is and what they may; throws the problem where it is no longer enough. */
    recheck: () => Promise<void>;
  }
  interface FastifyContextConfig {
    /** What the route does: the caller's roles must include it. Every route names one or is public. */
    action?: Action;
    public?: boolean;
  }
}
