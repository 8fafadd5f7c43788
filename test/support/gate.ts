/** The gate on a real store, without a workflow: what somebody with access to Temporal could schedule. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { createActivities } from '../../src/activities/index.ts';
import { agentDefinition } from '../../src/adapters/agents/define-agent.ts';
import type { AgentSource } from '../../src/adapters/agents/define-agent.ts';
import { workflowId } from '../../src/domain/core/ids.ts';
import type { RuleInput } from '../../src/domain/policy/policy-schema.ts';
import type { RunToolInput, RunToolOutput } from '../../src/domain/schemas/step.ts';
import { createCommandSigner } from '../../src/gateway/sign-command.ts';
import { createLogger } from '../../src/platform/logger.ts';
import { createSigningKeys, trustedKeys } from '../../src/platform/signing-keys.ts';
import type { SigningKeys } from '../../src/platform/signing-keys.ts';
import { openStore } from '../../src/store/database.ts';
import type { Store } from '../../src/store/database.ts';
import { registerAgents } from '../../src/worker/register-agents.ts';
import { stepDependencies } from '../../src/worker/step-dependencies.ts';
import type { WorkerParts } from '../../src/worker/step-dependencies.ts';
import { createTestDatabase } from './database.ts';
import { prepareRun, readRefusals } from './gate-run.ts';
import type { GateRun, PrepareOptions } from './gate-run.ts';

export type { GateRun } from './gate-run.ts';

const SCOPE = { tenant: 'acme', project: 'web' };
const NO_PROVIDERS = { apiKey: undefined, baseUrl: undefined };

export interface DispatchOptions {
  readonly agents?: readonly AgentSource[];
  /** Id of the workflow that asks; the run's own unless another is named. */
  readonly caller?: string;
}

export interface Gate extends AsyncDisposable {
  readonly store: Store;
  readonly databaseUrl: string;
  readonly keys: SigningKeys;
  nowMs: number;
  run(options?: PrepareOptions): Promise<GateRun>;
  /** What the worker would do with this step. */
  dispatch(input: RunToolInput, options?: DispatchOptions): Promise<RunToolOutput['result']>;
  activities(agents?: readonly AgentSource[]): ReturnType<typeof createActivities>;
  /** Codes of the refusals in the tenant's audit log. */
  refusals(): Promise<readonly string[]>;
}

export type GateParts = Partial<Omit<WorkerParts, 'agents' | 'store'>>;

export const openGate = async (
  agent: AgentSource,
  deployment: readonly RuleInput[] = [],
  given: GateParts = {},
): Promise<Gate> => {
  const database = await createTestDatabase();
  const store = openStore({ url: database.url });
  const workspacesRoot = await mkdtemp(join(tmpdir(), 'countersign-gate-'));
  const keys = await createSigningKeys(Date.now());
  const signer = await createCommandSigner(keys);
  const definition = agentDefinition(agent, deployment);
  await registerAgents(store, SCOPE, [agent], deployment);
  const gate = { nowMs: Date.now() };
  const activitiesOf = (agents: readonly AgentSource[]) =>
    createActivities(
      stepDependencies({
        store,
        clock: { nowMs: async () => gate.nowMs },
        logger: createLogger({ level: 'silent', service: 'gate' }),
        trust: trustedKeys(keys),
        agents,
        models: { openai: NO_PROVIDERS, anthropic: NO_PROVIDERS, google: NO_PROVIDERS, compatible: NO_PROVIDERS },
        workspacesRoot,
        forbidden: [],
        ...given,
      }),
    );
  const activities = activitiesOf([agent]);
  const parts = { store, signer, definition, nowMs: () => gate.nowMs };

  return Object.assign(gate, {
    store,
    databaseUrl: database.url,
    keys,
    activities: (agents?: readonly AgentSource[]) => (agents ? activitiesOf(agents) : activities),
    run: (options?: PrepareOptions) => prepareRun(parts, options),
    async dispatch(input: RunToolInput, { agents, caller }: DispatchOptions = {}) {
      const { runTool } = agents ? activitiesOf(agents) : activities;
      const environment = new MockActivityEnvironment({
        // Another step each time, as when a workflow asks again.
        activityId: randomUUID(),
        workflowExecution: { workflowId: caller ?? workflowId(input.run), runId: 'any' },
      });
      const { result }: RunToolOutput = await environment.run(runTool, input);
      return result;
    },
    refusals: () => readRefusals(store),
    async [Symbol.asyncDispose]() {
      await store.close();
      await database.drop();
      await rm(workspacesRoot, { recursive: true, force: true });
    },
  });
};
