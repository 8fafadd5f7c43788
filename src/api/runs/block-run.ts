import type { BlockRun, UnblockRun } from '../../contract/runs.ts';
import { makeBlob } from '../../store/blobs.ts';
import type { Api } from '../dependencies.ts';
import { guardText } from '../guards/guard-text.ts';
import { commandRun } from './command-run.ts';
import type { CommandAnswer, RunOrder } from './command-run.ts';

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

/** Lets a blocked run go on. The note is the model's to read, and what a call of `block_run` returns. */
export const unblockRun = (api: Api, order: RunOrder<UnblockRun>): Promise<CommandAnswer> =>
  commandRun(api, 'unblock', order, async (commandId) => {
    const { request, notices } = await guardText(api, order.request, { note: 'note' });
    const text = request.note ?? DEFAULT_NOTE;
    const note = makeBlob({ text, result: text });
    return {
      command: { type: 'unblock', runId: order.run.runId, commandId, noteRef: note.ref },
      blobs: [note],
      contributes: true,
      guards: notices,
    };
  });
