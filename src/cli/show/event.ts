/** One line for each event of a run. */
import type { RunEventView } from '../../contract/events.ts';
import { presentInline } from '../../domain/present/present.ts';
import { RunEvent } from '../../domain/schemas/event.ts';
import type { Terminal } from '../terminal.ts';
import { wrap } from './lines.ts';
import { absolute, timeOfDay } from './time.ts';

const TYPE_COLUMNS = 20;
const SAID_MAX_BYTES = 300;

export function eventLine(terminal: Terminal, view: RunEventView): string {
  const seq = `#${view.seq}`.padStart(4);
  const head = `${timeOfDay(view.at)} ${seq}  `;
  const margin = ' '.repeat(head.length);
  const type = presentInline(view.type).padEnd(TYPE_COLUMNS);
  const said = presentInline(summaryOf(view), { maxBytes: SAID_MAX_BYTES });
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
  if (known) return sentenceOf(known, content?.reason);
  return Object.values(data)
    .filter((value) => typeof value === 'string' || typeof value === 'number')
    .join(' ');
}

function sentenceOf(event: RunEvent, reason: string | undefined): string {
  const because = reason === undefined ? '' : `: ${reason}`;
  switch (event.type) {
    case 'run.started':
      return `${event.data.agent}, for ${event.data.requester.principal}`;
    case 'run.suspended':
      return 'waits for a person';
    case 'run.resumed':
    case 'run.completed':
      return '';
    case 'run.blocked':
    case 'run.failed':
      return `${event.data.code}: ${event.data.detail}`;
    case 'run.cancel_requested':
    case 'run.cancelled':
      return `by ${event.data.actor?.principal ?? event.data.channel}${because}`;
    case 'turn.started':
      return `turn ${event.data.turn}`;
    case 'message.restarted': {
      const { code, retryAt } = event.data;
      return retryAt === undefined ? code : `${code}, next attempt at ${absolute(new Date(retryAt).toISOString())}`;
    }
    case 'message.completed': {
      const calls = event.data.calls.map(({ tool, toolCallId }) => `${tool} (${toolCallId})`);
      return calls.length === 0 ? event.data.finishReason : `wants ${calls.join(', ')}`;
    }
    case 'usage.recorded':
      return `${event.data.inputTokens} tokens in, ${event.data.outputTokens} out`;
    case 'approval.requested': {
      const { tool, key, decideBy, verdict } = event.data.approval;
      return `${tool} (${key}) by rule ${verdict.ruleId}, until ${absolute(new Date(decideBy).toISOString())}`;
    }
    case 'approval.decided':
      return `${event.data.status} by ${event.data.actor.principal}${because}`;
    case 'decision.refused':
      return event.data.winner ? `${event.data.code}, by ${event.data.winner.principal}` : event.data.code;
    case 'approval.expired':
    case 'approval.withdrawn':
      return event.data.approvalId;
    case 'tool.started':
      return `${event.data.tool} (${event.data.toolCallId}), allowed by ${event.data.basis}`;
    case 'tool.completed':
    case 'tool.outcome_unknown':
      return `${event.data.tool} (${event.data.toolCallId})`;
    case 'tool.failed':
      return `${event.data.tool} (${event.data.toolCallId}) ${event.data.code}${because}`;
    case 'tool.denied':
      return `${event.data.tool} (${event.data.toolCallId}) ${event.data.code}${because}`;
    case 'contract.unmet':
      return event.data.missing.map(({ path, problem }) => `${path}: ${problem}`).join('; ');
    case 'contract.met':
      return event.data.receipts.map(({ path, bytes }) => `${path} (${bytes} bytes)`).join(', ');
    case 'command.ignored':
      return `${event.data.signal}: ${event.data.code}`;
  }
}
