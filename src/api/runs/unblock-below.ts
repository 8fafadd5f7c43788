/**
 * A block goes down a tree of runs by itself: each run tells those that it has called. Lifting it must be signed for each,
 * so the bridge does: for whatever is blocked only because a run above it was.
 */
import { BLOCKED_ABOVE, concernsRun } from '../../domain/core/state.ts';
import type { UnblockCommand } from '../../domain/schemas/command.ts';
import type { NewBlob } from '../../store/blobs.ts';
import { listUnfinishedBelow } from '../../store/run-lists.ts';
import type { RunRow } from '../../store/run-rows.ts';
import { derivedId } from '../decisions/decision-id.ts';
import { signAndRecord } from '../decisions/sign-and-record.ts';
import type { Api, Caller } from '../dependencies.ts';
import { projectRun } from './run-projection.ts';

export interface UnblockBelow {
  readonly caller: Caller;
  readonly run: RunRow;
  readonly note: NewBlob;
  /** The same for all that one request sends: a run that hears it twice follows it once. */
  readonly orderId: string;
}

/** Safe to repeat. What is blocked for reasons of its own stays so, and all below it. */
export async function unblockBelow(api: Api, order: UnblockBelow): Promise<void> {
  const { run } = order;
  const all = await listUnfinishedBelow(api.store, run, run.rootRunId);
  const below = async (parent: RunRow): Promise<void> => {
    for (const child of all.filter(({ parentRunId }) => parentRunId === parent.runId)) {
      const { attentions = [] } = (await projectRun(api.store, child)).state;
      const isInherited = attentions.some(({ code }) => code === BLOCKED_ABOVE);
      if (isInherited) await lift(api, order, child);
      const isBlockedItself = attentions.some((one) => concernsRun(one) && one.code !== BLOCKED_ABOVE);
      if (!isBlockedItself) await below(child);
    }
  };
  await below(run);
}

async function lift(api: Api, { caller, note, orderId }: UnblockBelow, run: RunRow): Promise<void> {
  const { tenant, project, runId } = run;
  const address = { tenant, project, runId };
  const command: UnblockCommand = {
    type: 'unblock',
    runId,
    commandId: derivedId('cmd', runId, orderId),
    noteRef: note.ref,
    inherited: true,
  };
  const nowMs = await api.clock.nowMs();
  const signed = await signAndRecord(api, { caller, address, command, nowMs, contributes: true, blobs: [note] });
  // One that is just beginning is blocked as it begins: the order waits in its mailbox, or is given again.
  await api.gateway.command(address, 'unblock', signed);
}
