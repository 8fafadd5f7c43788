/** Why a run needs somebody, with what they must see and the commands that let it go on. */
import type { Attention, ParkedCall, RunDetail } from '../../contract/runs.ts';
import { presentValue } from '../../domain/present/present-value.ts';
import { presentInline } from '../../domain/present/present.ts';
import { COMMAND } from '../context.ts';
import type { Terminal } from '../terminal.ts';
import { difference } from './difference.ts';
import { parseJsonValue } from './json-value.ts';
import { wrap } from './lines.ts';
import { quoted } from './quoted.ts';
import { fields, own } from './table.ts';
import type { Field } from './table.ts';
import { absolute, relative } from './time.ts';

export function attentionBlock(terminal: Terminal, run: RunDetail, attention: Attention, nowMs: number): string {
  const { code, detail, reason, call } = attention;
  const heading = terminal.style('bold', `Needs somebody: ${presentInline(code)}`);
  const parts = [[heading, ...wrap(presentInline(detail), terminal.columns)].join('\n')];
  if (reason !== null) parts.push(`${terminal.style('bold', 'In their words')}\n${quoted(reason, terminal.columns)}`);
  if (call) parts.push(callBlock(terminal, call, nowMs));
  const commands = attentionCommands(run, attention);
  if (commands.length > 0) {
    parts.push([terminal.style('bold', 'To let it go on'), ...commands.map((line) => `  ${line}`)].join('\n'));
  }
  return parts.join('\n\n');
}

/** One parked call: what an operator must know to say how it goes on. */
export function callBlock(terminal: Terminal, call: ParkedCall, nowMs: number): string {
  const facts: Field[] = [
    ['Call', `${call.tool} (${call.toolCallId})`],
    ['Effect key', call.effectKey],
    ['Attempt', own(call.epoch === 0 ? 'none was started' : `${call.epoch}`)],
    ...(call.mayRunUntil === null
      ? []
      : [
          [
            '',
            own(
              terminal.style(
                'red',
                `may still be running, until ${absolute(call.mayRunUntil)} (${relative(call.mayRunUntil, nowMs)})`,
              ),
            ),
          ] as const,
        ]),
    ...(call.outcomeKnown ? [['', own('it has reported meanwhile: the run looks again by itself')] as const] : []),
    ...(call.digest === null ? [] : [['Digest', call.digest] as const]),
    ...(call.compensation === null ? [] : [['Undone by', call.compensation] as const]),
    ['Answers', call.resolutions.join(', ')],
  ];
  const value = parseJsonValue(call.arguments);
  const parts = [fields(terminal, facts)];
  if (value !== undefined) {
    parts.push(`${terminal.style('bold', 'Arguments')}\n\n${presentValue(value, { columns: terminal.columns })}`);
  }
  if (call.drift) parts.push(driftBlock(terminal, call.drift));
  return parts.join('\n\n');
}

/** Both definitions of the tool. One that is gone is null. */
function driftBlock(terminal: Terminal, { pinned, current }: NonNullable<ParkedCall['drift']>): string {
  const title = `${terminal.style('bold', 'Its definition')}: when the run started (-), and now (+)`;
  const [before, after] = [parseJsonValue(pinned) ?? null, parseJsonValue(current) ?? null];
  return `${title}\n\n${difference(terminal, before, after)}`;
}

const RESOLVE_OPTIONS: Readonly<Record<string, string>> = {
  mark_done: "--done --result 'what it returned, as JSON'",
  retry: '--retry',
  fail: '--fail',
};

function attentionCommands({ runId }: RunDetail, { action, call }: Attention): readonly string[] {
  if (action === 'unblock') return [`${COMMAND} runs unblock ${runId} --note 'what the agent should know'`];
  if (!call) return [];
  const resolve = `${COMMAND} runs resolve ${runId} ${call.toolCallId}`;
  // The attempt goes with it: an answer to this one is no answer to the next.
  return call.resolutions.flatMap((resolution) => {
    const how = RESOLVE_OPTIONS[resolution];
    return how === undefined ? [] : [`${resolve} --epoch ${call.epoch} ${how} --reason 'say why'`];
  });
}
