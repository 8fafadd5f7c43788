/** A run that was handed over is another agent's than it was started with: what pends now is judged as that one's. */
import type { AgentDefinition } from '../../domain/schemas/agent.ts';
import type { Store } from '../../store/database.ts';
import { getDefinition } from '../../store/definitions.ts';
import type { RunRow } from '../../store/run-rows.ts';
import { projectRun } from './run-projection.ts';

type Named = Pick<RunRow, 'agent' | 'agentDigest' | 'policyDigest'>;

/** Most runs can never be handed over, and need not be looked through. */
export const mayBeHandedOver = ({ tools, sequence }: AgentDefinition): boolean =>
  sequence !== undefined || tools.some(({ role }) => role === 'transfer');

/** Agents that have acted in a run, in order: the one that it was started with is the first. */
export async function agentsOf(store: Store, run: RunRow): Promise<readonly [Named, ...Named[]]> {
  const definition = await getDefinition(store, run, run.agentDigest);
  if (!definition || !mayBeHandedOver(definition)) return [run];
  const { transfers = [] } = (await projectRun(store, run)).state;
  return [run, ...transfers];
}

/** The run as the agent of that name, by default as the one that acts now. */
export async function asActing(store: Store, run: RunRow, agent?: string): Promise<RunRow> {
  const {
    agent: name,
    agentDigest,
    policyDigest,
  } = (await agentsOf(store, run)).findLast((one) => agent === undefined || one.agent === agent) ?? run;
  return { ...run, agent: name, agentDigest, policyDigest };
}
