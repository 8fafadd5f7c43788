/**
 * Whether a sub-run's start is what follows from its parent: the call that it carries out was dispatched, and the start
 * derived from it is, byte for byte, the one in the row.
 */
import { StartCommand } from '../domain/schemas/command.ts';
import type { ParentCall } from '../domain/schemas/command.ts';
import type { RunRow } from '../store/run-rows.ts';
import { deriveSubRun } from './derive-sub-run.ts';
import type { PinnedRun } from './pinned-run.ts';
import { provePastCall } from './prove-past-call.ts';
import type { Prover } from './prover.ts';
import { taskIn } from './sub-run-task.ts';

export type ProvenStart =
  | { readonly ok: true; readonly start: StartCommand; readonly reservedAtMs: number }
  | { readonly ok: false; readonly code: string };

/** What the row says of itself: nothing of it is believed before it is derived again. */
export const claimedParent = ({ startCommand }: Pick<RunRow, 'startCommand'>): ParentCall | undefined => {
  try {
    return StartCommand.safeParse(JSON.parse(startCommand.bytes)).data?.parent;
  } catch {
    return undefined;
  }
};

/** Faults of the call that are faults of the sub-run. */
const CODES: Readonly<Record<string, string>> = {
  call_not_reserved: 'sub_run_not_reserved',
  call_forged: 'sub_run_forged',
};

/** `parent`: as the agent that made the call. */
export const proveSubRun = async (prover: Prover, parent: PinnedRun, row: RunRow): Promise<ProvenStart> => {
  const claimed = claimedParent(row);
  if (!claimed) return { ok: false, code: 'start_not_attested' };
  const { runId: _, path: __, transfers: ___, ...call } = claimed;
  let start: StartCommand | undefined;
  const proven = await provePastCall(prover, parent, call, (tool, agent, args) => {
    const task = taskIn(args);
    if (tool.role !== 'agent' || tool.source !== `agent:${row.agent}` || task === undefined) return false;
    const derived = deriveSubRun(parent, agent, call, task);
    if (derived.bytes !== row.startCommand.bytes || derived.start.runId !== row.runId) return false;
    ({ start } = derived);
    return true;
  });
  if (!proven.ok) return { ok: false, code: CODES[proven.code] ?? proven.code };
  return start ? { ok: true, start, reservedAtMs: proven.ledger.reservedAt } : { ok: false, code: 'sub_run_forged' };
};
