/** Everything the API needs of the outside: handed in, so that it can be built without listening or connecting. */
import type { Action, Reach } from '../domain/authorise.ts';
import type { Actor, Role } from '../domain/schemas/actor.ts';
import type { Guard } from '../domain/guards/guard.ts';
import type { Scope } from '../domain/schemas/names.ts';
import type { Receipt } from '../domain/schemas/run.ts';
import type { CommandSigner } from '../gateway/sign-command.ts';
import type { RunGateway } from '../gateway/run-gateway.ts';
import type { Clock } from '../platform/clock.ts';
import type { Logger } from '../platform/logger.ts';
import type { Store } from '../store/database.ts';
import type { EventFeed } from '../store/feed.ts';

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
  /** Silence of the feed after which the workflow is asked about a decision. */
  readonly verdictAfterMs: number;
  /** After this the decision is answered 202. */
  readonly decisionWaitMs: number;
}

export const DEFAULT_LIMITS: ApiLimits = {
  bodyBytes: 1_048_576,
  waitMaxMs: 60_000,
  streamsPerPrincipal: 512,
  heartbeatMs: 15_000,
  streamStallMs: 60_000,
  approvalWaitMs: 2_000,
  verdictAfterMs: 200,
  decisionWaitMs: 3_000,
};

export interface ApiDependencies {
  readonly store: Store;
  readonly feed: EventFeed;
  readonly gateway: RunGateway;
  readonly signer: CommandSigner;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly artifacts: ArtifactReader;
  /** How many runs of one requester may be active at a time in a tenant; no limit without. */
  readonly maxActiveRunsPerRequester?: number | undefined;
  /** What people write passes these, in their order, before anything is done with it. */
  readonly guards: readonly Guard[];
  /** Answer only to loopback host names: for servers that listen on the loopback interface. */
  readonly loopbackOnly: boolean;
  readonly version: string;
  readonly limits?: Partial<ApiLimits>;
}

/** What the routes get: the dependencies with every limit set. */
export type Api = Omit<ApiDependencies, 'limits'> & { readonly limits: ApiLimits };

/** Who makes this request. */
export interface Caller {
  readonly scope: Scope;
  readonly actor: Actor;
  /** Without what others have delegated: runs are asked for in one's own name only. */
  readonly own: Actor;
  readonly roles: readonly Role[];
  readonly authenticatedAtMs: number;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Set before any handler of a route that is not public. */
    caller: Caller;
    /** How far the caller's roles reach for the route's action. */
    reach: Reach;
  }
  interface FastifyContextConfig {
    /** What the route does: the caller's roles must include it. Every route names one or is public. */
    action?: Action;
    public?: boolean;
  }
}
