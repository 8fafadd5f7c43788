/**
 * The run a step works for, as the bridge signed it: its start command, and the agent definition that the command names
 * by digest. A step takes nothing of this from its arguments.
 */
import { ApplicationFailure } from '@temporalio/activity';
import { LRUCache } from 'lru-cache';
import { canonicalJson } from '../domain/arguments/canonical-json.ts';
import type { JsonValue } from '../domain/arguments/canonical-json.ts';
import { verifyCommand } from '../domain/core/attestation.ts';
import { digestOf } from '../domain/core/digest.ts';
import { compilePolicy, policyDigest } from '../domain/policy/compile.ts';
import type { CompiledLayer } from '../domain/policy/compile.ts';
import { policyLayerSchema } from '../domain/policy/policy-schema.ts';
import type { AgentDefinition } from '../domain/schemas/agent.ts';
import { StartCommand } from '../domain/schemas/command.ts';
import type { StepRun } from '../domain/schemas/step.ts';
import type { PromptVariables } from '../domain/prompt-variables.ts';
import { VariablesContent } from '../domain/schemas/content.ts';
import { verifySignature } from '../platform/verify-signature.ts';
import { readBlobs } from '../store/blobs.ts';
import { getDefinition } from '../store/definitions.ts';
import { getRun } from '../store/run-rows.ts';
import type { StepDependencies } from './dependencies.ts';

export interface PinnedAgent {
  readonly definition: AgentDefinition;
  readonly policy: readonly CompiledLayer[];
}

export interface PinnedRun extends PinnedAgent {
  readonly start: StartCommand;
  /** Values of `{{name}}` in the instructions; absent: they are text as they are. */
  readonly variables?: PromptVariables;
  readonly rootRunId: string;
  readonly path: readonly string[];
}

export type RunAddress = Pick<StepRun, 'tenant' | 'project' | 'runId'>;

export interface PinnedRuns {
  /** Fails the step for good where the run or its definition is not what was signed. */
  load(run: RunAddress): Promise<PinnedRun>;
}

/** Immutable once verified, so a cache needs no expiry; bounded so that parked runs cost no memory. */
const MAX_RUNS = 2_000;
const MAX_AGENTS = 200;

const refuse = (code: string, message: string): never => {
  throw ApplicationFailure.nonRetryable(message, code);
};

export const createPinnedRuns = ({ store, trust }: Pick<StepDependencies, 'store' | 'trust'>): PinnedRuns => {
  const runs = new LRUCache<string, PinnedRun>({ max: MAX_RUNS });
  const agents = new LRUCache<string, PinnedAgent>({ max: MAX_AGENTS });

  const loadAgent = async (start: StartCommand): Promise<PinnedAgent> => {
    const { tenant, project, agentDigest } = start;
    const key = `${tenant}/${project}/${agentDigest}`;
    const known = agents.get(key);
    if (known) return known;
    const definition = await getDefinition(store, { tenant, project }, agentDigest);
    if (!definition) return refuse('definition_missing', `The store has no agent definition ${agentDigest}.`);
    if (digestOf(canonicalJson(definition as unknown as JsonValue)) !== agentDigest)
      return refuse('definition_altered', `The stored agent definition is not ${agentDigest}.`);
    const layers = policyLayerSchema.array().parse(definition.policy);
    const compiled = compilePolicy(layers);
    if (!compiled.ok) return refuse('policy_invalid', 'The pinned policy does not compile with this version.');
    if (policyDigest(layers) !== definition.policyDigest)
      return refuse('policy_altered', 'The pinned policy is not the one its digest names.');
    const agent = { definition, policy: compiled.compiled };
    agents.set(key, agent);
    return agent;
  };

  const verifiedStart = async ({ tenant, project, runId }: RunAddress): Promise<StartCommand> => {
    const row = await getRun(store, { tenant, project }, runId);
    if (!row) return refuse('unknown_run', 'The store has no row of this run: it was not started by the bridge.');
    const attested = verifyCommand(row.startCommand, { ...trust, verify: verifySignature }, row);
    if (!attested.ok) return refuse('start_not_attested', `The start command does not verify: ${attested.code}.`);
    return StartCommand.parse(attested.command);
  };

  const variablesOf = async ({ tenant, variablesRef }: StartCommand): Promise<PromptVariables | undefined> => {
    if (!variablesRef) return undefined;
    const contents = await readBlobs(store, tenant, [variablesRef.sha256]);
    const values = VariablesContent.safeParse(contents.get(variablesRef.sha256)).data;
    return (
      values ?? refuse('variables_missing', 'The store has no values of the variables that the run was started with.')
    );
  };

  return {
    async load(run) {
      const key = `${run.tenant}/${run.project}/${run.runId}`;
      const known = runs.get(key);
      if (known) return known;
      const start = await verifiedStart(run);
      const agent = await loadAgent(start);
      if (agent.definition.policyDigest !== start.policyDigest)
        return refuse('policy_altered', 'The start command names another policy than its agent definition.');
      const rootRunId = start.runId.split('.')[0] ?? start.runId;
      const variables = await variablesOf(start);
      const pinned = { ...agent, start, rootRunId, path: [start.agent], ...(variables && { variables }) };
      runs.set(key, pinned);
      return pinned;
    },
  };
};
