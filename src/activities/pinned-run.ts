/**
 * The run a step works for, as the bridge signed it: its start command, and the agent definition that the command names
 * by digest. The start of a sub-run follows from its parent, up to the root that was signed. A step takes nothing of this
 * from its arguments.
 */
import { ApplicationFailure } from '@temporalio/activity';
import { LRUCache } from 'lru-cache';
import { canonicalJson } from '../domain/arguments/canonical-json.ts';
import type { JsonValue } from '../domain/arguments/canonical-json.ts';
import { verifyCommand } from '../domain/core/attestation.ts';
import { digestOf } from '../domain/core/digest.ts';
import { rootRunIdOf } from '../domain/core/ids.ts';
import { pathOf } from '../domain/core/sub-runs.ts';
import { pathWith } from '../domain/core/transfers.ts';
import { compilePolicy, policyDigest } from '../domain/policy/compile.ts';
import type { CompiledLayer } from '../domain/policy/compile.ts';
import { policyLayerSchema } from '../domain/policy/policy-schema.ts';
import type { AgentDefinition } from '../domain/schemas/agent.ts';
import { StartCommand } from '../domain/schemas/command.ts';
import type { StepRun } from '../domain/schemas/step.ts';
import type { Transfer } from '../domain/schemas/transfer.ts';
import type { PromptVariables } from '../domain/prompt-variables.ts';
import { VariablesContent } from '../domain/schemas/content.ts';
import { verifySignature } from '../platform/verify-signature.ts';
import { readBlobs } from '../store/blobs.ts';
import { getDefinition } from '../store/definitions.ts';
import { getRun } from '../store/run-rows.ts';
import type { RunRow } from '../store/run-rows.ts';
import type { CurrentPolicies } from './current-policy.ts';
import type { StepDependencies } from './dependencies.ts';
import { inheritedVariables } from './inherited-variables.ts';
import { claimedParent, proveSubRun } from './prove-sub-run.ts';
import { proveTransfer } from './prove-transfer.ts';

export interface PinnedAgent {
  readonly definition: AgentDefinition;
  readonly policy: readonly CompiledLayer[];
}

/** Where a sub-run comes from. */
export interface PinnedParent {
  readonly run: PinnedRun;
  /** When the parent's call was reserved, in epoch milliseconds: what came into the parent later did not reach the sub-run. */
  readonly reservedAtMs: number;
}

export interface PinnedRun extends PinnedAgent {
  readonly start: StartCommand;
  /** When it was started, as signed, or as the ledger has the call that it carries out: epoch milliseconds. */
  readonly startedAtMs: number;
  /** Values of `{{name}}` in the instructions; absent: they are text as they are. */
  readonly variables?: PromptVariables;
  readonly rootRunId: string;
  readonly path: readonly string[];
  /** Of a sub-run, and of no other. */
  readonly parent?: PinnedParent;
  /** How the run came to the agent that acts: then `start` and `path` name that one. */
  readonly transfers?: readonly Transfer[];
}

type Started = Pick<PinnedRun, 'start' | 'startedAtMs' | 'parent'>;

/** A process drives it. What another agent has called is driven by a workflow, whatever its agent says. */
export const isClassic = ({ definition, parent }: PinnedRun): boolean =>
  definition.execution === 'classic' && parent === undefined;

export type RunAddress = Pick<StepRun, 'tenant' | 'project' | 'runId' | 'transfers'>;

export interface PinnedRuns {
  /** Fails the step for good where the run or its definition is not what was signed. */
  load(run: RunAddress): Promise<PinnedRun>;
  /** Whether a process drives it, as against a workflow. False where there is no such run. */
  isClassic(run: RunAddress): Promise<boolean>;
}

/** Immutable once verified, so a cache needs no expiry; bounded so that parked runs cost no memory. */
const MAX_RUNS = 2_000;
const MAX_AGENTS = 200;

const refuse = (code: string, message: string): never => {
  throw ApplicationFailure.nonRetryable(message, code);
};

const compiledPolicy = (definition: AgentDefinition): readonly CompiledLayer[] => {
  const layers = policyLayerSchema.array().parse(definition.policy);
  const compiled = compilePolicy(layers);
  if (!compiled.ok) return refuse('policy_invalid', 'The pinned policy does not compile with this version.');
  if (policyDigest(layers) !== definition.policyDigest)
    return refuse('policy_altered', 'The pinned policy is not the one its digest names.');
  return compiled.compiled;
};

/** Deeper than any limit allows: a row whose parents never end is no run. */
const MAX_ANCESTORS = 32;

export const createPinnedRuns = (dependencies: StepDependencies, policies: CurrentPolicies): PinnedRuns => {
  const { store, trust } = dependencies;
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
    const agent = { definition, policy: compiledPolicy(definition) };
    agents.set(key, agent);
    return agent;
  };

  const verifiedStart = (row: RunRow): Started => {
    const attested = verifyCommand(row.startCommand, { ...trust, verify: verifySignature }, row);
    if (!attested.ok) return refuse('start_not_attested', `The start command does not verify: ${attested.code}.`);
    const start = StartCommand.parse(attested.command);
    if (start.parent) return refuse('start_not_attested', 'Nobody signs the start of a sub-run.');
    return { start, startedAtMs: attested.claims.iat };
  };

  const derivedStart = async (row: RunRow, depth: number): Promise<Started> => {
    const { tenant, project } = row;
    const claimed = claimedParent(row);
    if (!claimed || depth >= MAX_ANCESTORS) return refuse('start_not_attested', 'The start names no parent.');
    const { runId, transfers } = claimed;
    const run = await load({ tenant, project, runId, ...(transfers && { transfers }) }, depth + 1);
    const proven = await proveSubRun({ dependencies, policies, pinnedRuns }, run, row);
    if (!proven.ok) return refuse(proven.code, 'The start of this sub-run does not follow from its parent.');
    const { start, reservedAtMs } = proven;
    return { start, startedAtMs: reservedAtMs, parent: { run, reservedAtMs } };
  };

  const variablesOf = async ({ tenant, variablesRef }: StartCommand): Promise<PromptVariables | undefined> => {
    if (!variablesRef) return undefined;
    const contents = await readBlobs(store, tenant, [variablesRef.sha256]);
    const values = VariablesContent.safeParse(contents.get(variablesRef.sha256)).data;
    return (
      values ?? refuse('variables_missing', 'The store has no values of the variables that the run was started with.')
    );
  };

  const keyOf = (run: RunAddress): string => `${run.tenant}/${run.project}/${run.runId}`;

  const loadStarted = async (run: RunAddress, depth: number): Promise<PinnedRun> => {
    const { tenant, project, runId } = run;
    const key = keyOf(run);
    const known = runs.get(key);
    if (known) return known;
    const row = await getRun(store, { tenant, project }, runId);
    if (!row) return refuse('unknown_run', 'The store has no row of this run: it was not started by the bridge.');
    const rootRunId = rootRunIdOf(runId);
    const isRoot = rootRunId === runId;
    const { start, startedAtMs, parent } = isRoot ? verifiedStart(row) : await derivedStart(row, depth);
    const agent = await loadAgent(start);
    if (agent.definition.policyDigest !== start.policyDigest)
      return refuse('policy_altered', 'The start command names another policy than its agent definition.');
    const variables = parent ? inheritedVariables(agent.definition, parent.run, startedAtMs) : await variablesOf(start);
    const pinned = {
      ...agent,
      start,
      startedAtMs,
      rootRunId,
      path: pathOf(start),
      ...(variables && { variables }),
      ...(parent && { parent }),
    };
    runs.set(key, pinned);
    return pinned;
  };

  /** The same run as the next agent's. */
  const transferred = async (from: PinnedRun, transfer: Transfer): Promise<PinnedRun> => {
    const transfers = [...(from.transfers ?? []), transfer];
    const key = `${keyOf(from.start)} ${canonicalJson(transfers as JsonValue)}`;
    const known = runs.get(key);
    if (known) return known;
    const proven = await proveTransfer({ dependencies, policies, pinnedRuns }, from, transfer);
    if (!proven.ok) return refuse(proven.code, 'No call and no sequence of this run hands it to another agent.');
    const { acting, definition } = proven;
    const start = { ...from.start, ...acting };
    const variables = inheritedVariables(definition, from, from.startedAtMs);
    const { variables: _, ...rest } = from;
    const pinned: PinnedRun = {
      ...rest,
      definition,
      policy: compiledPolicy(definition),
      start,
      path: pathWith(from.path, acting.agent),
      transfers,
      ...(variables && { variables }),
    };
    runs.set(key, pinned);
    return pinned;
  };

  const load = async (run: RunAddress, depth = 0): Promise<PinnedRun> => {
    let pinned = await loadStarted(run, depth);
    for (const transfer of run.transfers ?? []) pinned = await transferred(pinned, transfer);
    return pinned;
  };

  const pinnedRuns: PinnedRuns = {
    load: (run) => load(run),
    async isClassic(run) {
      const known = runs.get(keyOf(run));
      if (known) return isClassic(known);
      const row = await getRun(store, run, run.runId);
      return row !== undefined && row.drivenBy !== null;
    },
  };
  return pinnedRuns;
};
