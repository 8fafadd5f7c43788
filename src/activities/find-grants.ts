/** Looks for live grants that cover the calls of a turn. A hint: the gate proves it again, and takes the use. */
import type { JsonValue } from '../domain/arguments/canonical-json.ts';
import { coversArguments } from '../domain/grants/constraints.ts';
import type { ToolDefinition } from '../domain/schemas/agent.ts';
import type { Verdict } from '../domain/schemas/approval.ts';
import { readBlobs } from '../store/blobs.ts';
import { candidateGrants } from '../store/grants.ts';
import type { GrantRow } from '../store/grants.ts';
import type { StepDependencies } from './dependencies.ts';
import { isGrantFor, isWithin } from './grant-binding.ts';
import type { PinnedRun } from './pinned-run.ts';

export interface GrantFinder {
  /** The grant that covers a call; each answer counts as a use. */
  find(tool: ToolDefinition, verdict: Verdict, args: JsonValue): string | undefined;
}

const NONE: GrantFinder = { find: () => undefined };

/** A row as its signed command has it: null stands for what the command leaves out. */
const boundOf = ({ scopeId, ...row }: GrantRow) => ({ ...row, ...(scopeId !== null && { scopeId }) });

export const openGrantFinder = async (
  { store, clock }: StepDependencies,
  { start }: PinnedRun,
  isNeeded: boolean,
): Promise<GrantFinder> => {
  if (!isNeeded) return NONE;
  const nowMs = await clock.nowMs();
  const { runId, agentDigest, policyDigest, conversationId = null } = start;
  const requester = start.requester.principal;
  const rows = await candidateGrants(store, start, {
    requester,
    agentDigest,
    policyDigest,
    runId,
    conversationId,
    nowMs,
  });
  if (rows.length === 0) return NONE;
  const constraints = await readBlobs(
    store,
    start.tenant,
    rows.map((row) => row.constraintsRef.sha256),
  );
  const left = new Map(rows.map((row) => [row.grantId, row.maxUses - row.uses]));
  return {
    find(tool, verdict, args) {
      const { grantable } = verdict;
      if (verdict.effect !== 'ask' || !grantable) return undefined;
      const covering = rows.find(
        (row) =>
          (left.get(row.grantId) ?? 0) > 0 &&
          isGrantFor(boundOf(row), start, tool, nowMs) &&
          isWithin(grantable, row, row.createdAt) &&
          coversArguments(constraints.get(row.constraintsRef.sha256), args),
      );
      if (covering) left.set(covering.grantId, (left.get(covering.grantId) ?? 0) - 1);
      return covering?.grantId;
    },
  };
};
