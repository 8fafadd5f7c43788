/** Exports as text, piece by piece: nothing of a long chain is held but the page that is being read. */
import { CloudEvent } from 'cloudevents';
import type { CommandLine, EndLine, EventLine, ExportHeader } from '../../../domain/evidence/export-lines.ts';
import type { AuditFormat } from '../../../contract/audit.ts';

/** What an export is made of. The pages are read when they are asked for. */
export interface ExportSource {
  readonly header: ExportHeader;
  events(): AsyncIterable<readonly EventLine[]>;
  commands(): Promise<readonly CommandLine[]>;
}

/** In the order of the file. */
async function* linesOf(source: ExportSource): AsyncGenerator<EventLine | CommandLine | EndLine> {
  let events = 0;
  for await (const page of source.events()) {
    events += page.length;
    yield* page;
  }
  const commands = await source.commands();
  yield* commands;
  yield { type: 'end', events, commands: commands.length };
}

const sourceOf = (header: ExportHeader): string =>
  header.kind === 'run' ? `/${header.tenant}/${header.project}/runs/${header.rootRunId}` : `/${header.tenant}/audit`;

interface HashedBody {
  readonly type: string;
  readonly at: number;
  readonly runId?: string;
  readonly [field: string]: unknown;
}

const ofEvent = (header: ExportHeader, { seq, prevHash, hash, body }: EventLine): string => {
  const event = JSON.parse(body) as HashedBody;
  const made = new CloudEvent({
    specversion: '1.0',
    id: String(seq),
    source: sourceOf(header),
    type: `countersign.${event.type}`,
    ...(event.runId !== undefined && { subject: event.runId }),
    time: new Date(event.at).toISOString(),
    datacontenttype: 'application/json',
    data: event,
    sequence: String(seq),
    prevhash: prevHash,
    chainhash: hash,
  });
  return JSON.stringify(made);
};

const ofCommand = (header: ExportHeader, { signatureId, runId, bytes, jws }: CommandLine): string =>
  JSON.stringify(
    new CloudEvent({
      specversion: '1.0',
      id: signatureId,
      source: sourceOf(header),
      type: 'countersign.command.signed',
      ...(runId !== undefined && { subject: runId }),
      datacontenttype: 'application/json',
      data: { bytes, jws },
    }),
  );

async function* cloudEvents(source: ExportSource): AsyncGenerator<string> {
  for await (const line of linesOf(source)) {
    if (line.type === 'event') yield ofEvent(source.header, line);
    if (line.type === 'command') yield ofCommand(source.header, line);
  }
}

async function* batch(source: ExportSource): AsyncGenerator<string> {
  let before = '[\n';
  for await (const text of cloudEvents(source)) {
    yield before + text;
    before = ',\n';
  }
  yield before === '[\n' ? '[]\n' : '\n]\n';
}

/** The whole export in one format. */
export async function* writeExport(source: ExportSource, format: AuditFormat): AsyncGenerator<string> {
  switch (format) {
    case 'jsonl':
      yield `${JSON.stringify(source.header)}\n`;
      for await (const line of linesOf(source)) yield `${JSON.stringify(line)}\n`;
      return;
    case 'cloudevents':
      for await (const text of cloudEvents(source)) yield `${text}\n`;
      return;
    case 'cloudeventsBatch':
      yield* batch(source);
  }
}
