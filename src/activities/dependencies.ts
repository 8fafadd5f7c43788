/** What the steps need of the world outside. Handed in once, when the worker starts. */
import type { CredentialProvider } from '../adapters/credentials/credential-provider.ts';
import type { ModelPort } from '../adapters/models/model-port.ts';
import type { Tool } from '../adapters/tools/tool.ts';
import type { Workspace } from '../adapters/workspace/workspace.ts';
import type { PriceTable } from '../domain/prices.ts';
import type { Scope } from '../domain/schemas/names.ts';
import type { ToolDefinition } from '../domain/schemas/agent.ts';
import type { Clock } from '../platform/clock.ts';
import type { Logger } from '../platform/logger.ts';
import type { GuardedFetch } from '../platform/outgoing/guarded-fetch.ts';
import type { TrustedKeys } from '../platform/signing-keys.ts';
import type { Store } from '../store/database.ts';

export interface StepDependencies {
  readonly store: Store;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The anchors of this deployment: whatever a workflow says, the gate trusts only these. */
  readonly trust: TrustedKeys;
  /** Undefined where no provider of that name is configured. */
  readonly resolveModel: (model: string) => ModelPort | undefined;
  /** What calls cost, and how much models take. Without it nothing is priced. */
  readonly prices?: PriceTable;
  /** Tools of this worker by definition digest: the same name may be loaded in several versions. */
  readonly tools: ReadonlyMap<string, Tool>;
  /** How many runs of one requester may be active at a time in a tenant; no limit without. */
  readonly maxActiveRunsPerRequester?: number | undefined;
  /** Tools of MCP servers, made from their pinned definitions. Undefined where this worker's agent has no such server. */
  readonly serverTool: (agent: string, definition: ToolDefinition) => Tool | undefined;
  /** The secrets that tools use, by name. */
  readonly credentials: CredentialProvider;
  /** For tools: never into private networks that the deployment does not allow. */
  readonly fetch: GuardedFetch;
  readonly openWorkspace: (scope: Scope, runId: string) => Promise<Workspace>;
}
