/**
 * The definition that another agent goes on with in a run. What the run promised when it was started stays: its limits, and,
 * where the agent before handed it over by a call, its files and the form of its output.
 */
import { canonicalJson } from '../domain/arguments/canonical-json.ts';
import type { JsonValue } from '../domain/arguments/canonical-json.ts';
import { digestOf } from '../domain/core/digest.ts';
import type { AgentDefinition } from '../domain/schemas/agent.ts';
import type { ActingAgent } from '../domain/schemas/transfer.ts';
import { getDefinition, keepDefinition } from '../store/definitions.ts';
import type { StepDependencies } from './dependencies.ts';
import type { PinnedRun } from './pinned-run.ts';
import { underRulesOf } from './under-rules.ts';

export interface DerivedTransfer {
  readonly acting: ActingAgent;
  readonly definition: AgentDefinition;
}

const asActing = (definition: AgentDefinition): DerivedTransfer => ({
  acting: {
    agent: definition.name,
    agentDigest: digestOf(canonicalJson(definition as unknown as JsonValue)),
    policyDigest: definition.policyDigest,
  },
  definition,
});

const promised = (from: AgentDefinition, to: AgentDefinition): AgentDefinition['contract'] => {
  const paths = new Set(from.contract.artifacts.map(({ path }) => path));
  return { artifacts: [...from.contract.artifacts, ...to.contract.artifacts.filter(({ path }) => !paths.has(path))] };
};

/** By a call. A sequence that the agent before is part of goes on after the other one. */
export const deriveTransfer = (from: AgentDefinition, agent: AgentDefinition): DerivedTransfer => {
  const { sequence: _, hideIntermediate: __, execution: ___, ...own } = underRulesOf(from, agent);
  const { limits, execution, output = own.output, sequence, hideIntermediate } = from;
  return asActing({
    ...own,
    limits,
    contract: promised(from, agent),
    ...(output && { output }),
    ...(execution && { execution }),
    ...(sequence && { sequence }),
    ...(hideIntermediate && { hideIntermediate }),
  });
};

/** The next of the sequence. */
export const deriveNext = (from: AgentDefinition, agent: AgentDefinition): DerivedTransfer => {
  const { sequence: _, hideIntermediate: __, execution: ___, ...own } = underRulesOf(from, agent);
  const { limits, execution, sequence = [], hideIntermediate } = from;
  const rest = sequence.slice(1);
  return asActing({
    ...own,
    limits,
    ...(execution && { execution }),
    ...(rest.length > 0 && { sequence: rest, ...(hideIntermediate && { hideIntermediate }) }),
  });
};

/** Who goes on, kept under its digest: people who decide its calls find it there. Undefined where the store has no such agent. */
export const keepTransfer = async (
  { store }: Pick<StepDependencies, 'store'>,
  { start, definition: from }: PinnedRun,
  agentDigest: string,
  derive: (from: AgentDefinition, agent: AgentDefinition) => DerivedTransfer,
): Promise<ActingAgent | undefined> => {
  const agent = await getDefinition(store, start, agentDigest);
  if (!agent) return undefined;
  const { acting, definition } = derive(from, agent);
  await keepDefinition(store, start, definition, acting.agentDigest);
  return acting;
};
