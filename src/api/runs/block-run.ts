import type { BlockRun, UnblockRun } from '../../contract/run-commands.ts';
import { runCan } from '../../domain/core/run-status.ts';
import { makeBlob } from '../../store/blobs.ts';
import { randomId } from '../decisions/decision-id.ts';
import type { Api } from '../dependencies.ts';
import { guardText } from '../guards/guard-text.ts';
import { commandRun } from './command-run.ts';
import type { CommandAnswer, RunOrder } from './command-run.ts';
import { unblockBelow } from './unblock-below.ts';

/** What the model reads where nobody wrote a note. */
const DEFAULT_NOTE = 'A person has let the run go on.';

/** Parks the run until somebody unblocks it: nothing new is dispatched. What is under way is recorded. */
export const blockRun = (api: Api, order: RunOrder<BlockRun>): Promise<CommandAnswer> =>
  commandRun(api, 'block', order, async (commandId) => {
    const reason = makeBlob({ text: order.request.reason });
    return {
      command: { type: 'block', runId: order.run.runId, commandId, reasonRef: reason.ref },
      blobs: [reason],
      contributes: false,
      // It is for people: the model never reads it, and nothing shall keep anybody from stopping a run.
      guards: [],
    };
  });

/**
 * Lets a blocked run go on, and those below it that were blocked with it. The note is the models' to read, and what a call
 * of `block_run` returns.
 */
export async function unblockRun(api: Api, order: RunOrder<UnblockRun>): Promise<CommandAnswer> {
  const { caller, run } = order;
  const { request, notices } = await guardText(api, order.request, { note: 'note' });
  const text = request.note ?? DEFAULT_NOTE;
  const note = makeBlob({ text, result: text });
  const below = { caller, run, note, orderId: randomId('order') };
  // First those below: were it cut short here, the run itself would still be blocked, and asking again does the rest.
  if (runCan('unblock', run.status)) await unblockBelow(api, below);
  const answer = await commandRun(api, 'unblock', order, async (commandId) => ({
    command: { type: 'unblock', runId: run.runId, commandId, noteRef: note.ref },
    blobs: [note],
    contributes: true,
    guards: notices,
  }));
  // And those that began meanwhile.
  await unblockBelow(api, below);
  return answer;
}
