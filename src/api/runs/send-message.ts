import type { SendMessage } from '../../contract/run-commands.ts';
import { makeBlob } from '../../store/blobs.ts';
import type { Api } from '../dependencies.ts';
import { guardText } from '../guards/guard-text.ts';
import { commandRun } from './command-run.ts';
import type { CommandAnswer, RunOrder } from './command-run.ts';

/** Something for the model to read at its next turn. Decides nothing, and lets nothing go on. */
export const sendMessage = (api: Api, order: RunOrder<SendMessage>): Promise<CommandAnswer> =>
  commandRun(api, 'message', order, async (commandId) => {
    const { request, notices } = await guardText(api, order.request, { text: 'message' });
    const text = makeBlob({ text: request.text });
    return {
      command: { type: 'message', runId: order.run.runId, commandId, textRef: text.ref },
      blobs: [text],
      contributes: true,
      guards: notices,
    };
  });
