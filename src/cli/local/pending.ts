/** What waits for a decision, with the commands that decide it. */
import type { Approval } from '../../contract/approvals.ts';
import { presentInline } from '../../domain/present/present.ts';
import { COMMAND } from '../context.ts';
import { approvalName, showCommand } from '../show/decide-commands.ts';
import { absolute, relative } from '../show/time.ts';
import type { Terminal } from '../terminal.ts';

export interface CommandPlace {
  readonly url: string;
  /** Holds the key: it is read when the command runs and appears in no output and no list of processes. */
  readonly clientFile: string;
}

export function pendingText(terminal: Terminal, approval: Approval, place: CommandPlace, nowMs: number): string {
  const label = (text: string) => terminal.style('dim', text.padEnd(9));
  const { tool, rule, argumentsBytes, decideBy } = approval;
  return [
    `  ${terminal.style('bold', presentInline(tool.name))}, ${argumentsBytes} bytes of arguments, risk ${presentInline(approval.risk)}`,
    `  ${label('Why')}${presentInline(rule.reason, { maxBytes: 200 })}`,
    `  ${label('Asks')}agent ${presentInline(approval.agent)}, for ${presentInline(approval.requester)}`,
    `  ${label('Until')}${absolute(decideBy)} (${relative(decideBy, nowMs)})`,
    '',
    `  ${terminal.style('dim', 'See all of it:')}`,
    `    ${showCommand(approval)}`,
    ...(approval.viewer.decisions.includes('approve')
      ? [
          `  ${terminal.style('dim', 'Approve exactly this:')}`,
          `    ${COMMAND} approvals approve ${approvalName(approval)} --digest ${approval.digest}`,
          `  ${terminal.style('dim', 'The same over HTTP:')}`,
          ...curlCommand(approval, place).map((line) => `    ${line}`),
        ]
      : []),
  ].join('\n');
}

/** For sh: the key goes from the file to curl without being shown. */
export function curlCommand(approval: Approval, { url, clientFile }: CommandPlace): readonly string[] {
  const body = JSON.stringify({ decision: 'approve', digest: approval.digest });
  const script = `"authorization: Bearer " + JSON.parse(fs.readFileSync(process.argv[1], "utf8")).apiKey`;
  return [
    `node -p ${quoted(script)} ${quoted(clientFile)} | \\`,
    `  curl -sS -w '\\n' -H @- -H 'content-type: application/json' \\`,
    `  -d ${quoted(body)} \\`,
    `  ${quoted(`${url}${approval.links.decisions}`)}`,
  ];
}

/** For sh. */
export const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;
