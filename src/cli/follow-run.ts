/** Follows a run live and prints what happens: `runs watch` and the demo. */
import { createMessageReader } from '../client/index.ts';
import type { CountersignClient, RunStreamItem } from '../client/index.ts';
import type { RunEventView } from '../contract/events.ts';
import type { RunStatus } from '../domain/schemas/run.ts';
import { tellLostConnection } from './lost-connection.ts';
import { eventLine } from './show/event.ts';
import { jsonLine } from './show/json.ts';
import { createMessageWriter } from './show/message-writer.ts';
import type { Terminal } from './terminal.ts';

export interface FollowRunOptions {
  readonly after?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** One JSON object a line instead of lines for people. */
  readonly json?: boolean | undefined;
  /** Called after an event is printed; following goes on when it settles. */
  readonly onEvent?: ((event: RunEventView) => Promise<void>) | undefined;
}

/** The status that the run ended in; undefined where the signal came first. */
export async function followAndPrint(
  client: CountersignClient,
  terminal: Terminal,
  runId: string,
  { after, signal, json, onEvent }: FollowRunOptions = {},
): Promise<RunStatus | undefined> {
  const printItem = json ? (item: RunStreamItem) => terminal.print(jsonLine(item)) : itemPrinter(terminal);
  const connection = tellLostConnection(terminal);
  const events = client.runs.events(runId, {
    after,
    signal,
    onReconnect: connection.onReconnect,
  });
  for await (const item of events) {
    connection.isBack();
    printItem(item);
    if (item.event === 'stream.end') return item.data.status;
    if (item.event === 'event') await onEvent?.(item.data);
  }
  return undefined;
}

function itemPrinter(terminal: Terminal): (item: RunStreamItem) => void {
  const read = createMessageReader();
  const message = createMessageWriter(terminal);
  return (item) => {
    const piece = read(item);
    if (piece) {
      if (piece.begins) message.end();
      message.append(piece.text);
    }
    if (item.event === 'event') {
      message.end();
      terminal.print(eventLine(terminal, item.data));
    }
  };
}
