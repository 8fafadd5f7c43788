/** Whether the artifacts that the agent's contract names are in the run's workspace. */
import type { ModelStepResult } from '../domain/schemas/step.ts';
import type { StepDependencies } from './dependencies.ts';
import type { PinnedRun } from './pinned-run.ts';

type Contract = NonNullable<Extract<ModelStepResult, { type: 'answered' }>['contract']>;

/** Undefined where the agent promises nothing. */
export const checkContract = async (
  { openWorkspace }: StepDependencies,
  { definition, start }: PinnedRun,
): Promise<Contract | undefined> => {
  if (definition.contract.artifacts.length === 0) return undefined;
  const workspace = await openWorkspace(start, start.runId);
  const contract: Contract = { missing: [], receipts: [] };
  for (const { path, minBytes } of definition.contract.artifacts) {
    const found = await workspace.receipt(path);
    if (!found.ok) contract.missing.push({ path, problem: found.problem });
    else if (found.receipt.bytes < minBytes) contract.missing.push({ path, problem: 'too_small' });
    else contract.receipts.push(found.receipt);
  }
  return contract;
};
