/** The HTTP API as functions. Knows the server by its contract alone; runs in browsers too. */
import type { Agent } from '../contract/agents.ts';
import type { WorkerFleet } from '../contract/workers.ts';
import { approvalsClient, decisionsClient } from './approvals.ts';
import type { ApprovalsClient, DecisionsClient } from './approvals.ts';
import { artifactsClient } from './artifacts.ts';
import type { ArtifactsClient } from './artifacts.ts';
import { auditClient } from './audit.ts';
import type { AuditClient } from './audit.ts';
import { brakesClient } from './brakes.ts';
import type { BrakesClient } from './brakes.ts';
import { createCalls } from './calls.ts';
import type { CallOptions } from './calls.ts';
import { delegationsClient } from './delegations.ts';
import type { DelegationsClient } from './delegations.ts';
import { grantsClient } from './grants.ts';
import type { GrantsClient } from './grants.ts';
import { createHttp } from './http.ts';
import type { ClientOptions } from './http.ts';
import { keysClient } from './keys.ts';
import type { KeysClient } from './keys.ts';
import { mediaClient } from './media.ts';
import type { MediaClient } from './media.ts';
import { policyClient } from './policy.ts';
import type { PolicyClient } from './policy.ts';
import { runsClient } from './runs.ts';
import { sessionClient } from './session.ts';
import type { SessionClient } from './session.ts';
import type { RunsClient } from './runs.ts';

export interface AgentsClient {
  list(options?: CallOptions): Promise<readonly Agent[]>;
}

export interface WorkersClient {
  /** Versions, who serves them, and which runs of the project nobody carries on. */
  fleet(options?: CallOptions): Promise<WorkerFleet>;
}

export interface CountersignClient {
  readonly agents: AgentsClient;
  readonly runs: RunsClient;
  readonly approvals: ApprovalsClient;
  readonly decisions: DecisionsClient;
  readonly artifacts: ArtifactsClient;
  readonly media: MediaClient;
  readonly brakes: BrakesClient;
  readonly grants: GrantsClient;
  readonly delegations: DelegationsClient;
  readonly keys: KeysClient;
  readonly session: SessionClient;
  readonly policy: PolicyClient;
  readonly audit: AuditClient;
  readonly workers: WorkersClient;
}

export function createClient(options: ClientOptions): CountersignClient {
  const http = createHttp(options);
  const calls = createCalls(http);
  return {
    agents: { list: async (given) => (await calls.get<{ data: Agent[] }>('/v1/agents', given)).data },
    runs: runsClient(http, calls),
    approvals: approvalsClient(http, calls),
    decisions: decisionsClient(calls),
    artifacts: artifactsClient(http, calls),
    media: mediaClient(http, calls),
    brakes: brakesClient(calls),
    grants: grantsClient(calls),
    delegations: delegationsClient(calls),
    keys: keysClient(calls),
    session: sessionClient(calls),
    workers: { fleet: (given) => calls.get('/v1/workers', given) },
    policy: policyClient(calls),
    audit: auditClient(http, calls),
  };
}
