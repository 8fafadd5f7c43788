/** One line for each event of a run. */
import type { RunEventView } from '../../contract/events.ts';
import { presentInline } from '../../domain/present/present.ts';
import { RunEvent } from '../../domain/schemas/event.ts';
import type { Terminal } from '../terminal.ts';
import { eventSentence } from './event-sentence.ts';
import { wrap } from './lines.ts';
import { timeOfDay } from './time.ts';

const TYPE_COLUMNS = 22;
const SAID_MAX_BYTES = 300;

export function eventLine(terminal: Terminal, view: RunEventView): string {
  const seq = `#${view.seq}`.padStart(4);
  const head = `${timeOfDay(view.at)} ${seq}  `;
  const margin = ' '.repeat(head.length);
  const type = presentInline(view.type).padEnd(TYPE_COLUMNS);
  // Of a sub-run: whose event it is comes first.
  const whose = view.path.length > 1 ? `[${view.path.slice(1).join(' > ')}] ` : '';
  const said = presentInline(`${whose}${summaryOf(view)}`, { maxBytes: SAID_MAX_BYTES });
  const [first = '', ...rest] = wrap(said, terminal.columns - head.length - TYPE_COLUMNS - 1);
  const lines = [
    `${terminal.style('dim', head)}${type} ${first}`,
    ...rest.map((piece) => `${margin}${' '.repeat(TYPE_COLUMNS)} ${piece}`),
  ];
  return lines.map((line) => line.trimEnd()).join('\n');
}

/** An event of a newer version is told by its data, as far as they are plain. */
function summaryOf(view: RunEventView): string {
  const { type, at, data, content } = view;
  const known = RunEvent.safeParse({ type, at: Date.parse(at), data }).data;
  if (known) return eventSentence(known, content);
  return Object.values(data)
    .filter((value) => typeof value === 'string' || typeof value === 'number')
    .join(' ');
}
