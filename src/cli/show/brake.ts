import type { Brake, BrakeBypass, BrakeDetail } from '../../contract/brakes.ts';
import { presentInline } from '../../domain/present/present.ts';
import type { Terminal } from '../terminal.ts';
import { fields, own, table } from './table.ts';
import type { Field } from './table.ts';
import { absolute, relative } from './time.ts';

/** What it stops, in a few words, not yet presented. */
export function brakeReach({ scope, agent, tool }: Brake): string {
  const where = scope === 'tenant' ? 'every project' : 'the project';
  const what = [...(tool === null ? [] : [`tool ${tool}`]), ...(agent === null ? [] : [`of agent ${agent}`])].join(' ');
  return `${what === '' ? 'everything' : tool === null ? `all ${what}` : what}, in ${where}`;
}

export function brakeTable(terminal: Terminal, brakes: readonly Brake[], nowMs: number): string {
  const rows = brakes.map((brake) => [
    brake.brakeId,
    own(brake.active ? terminal.style('red', 'on') : terminal.style('dim', 'released')),
    brakeReach(brake),
    brake.createdBy,
    own(relative(brake.createdAt, nowMs)),
    brake.reason,
  ]);
  return table(terminal, ['BRAKE', 'STATUS', 'STOPS', 'SET BY', 'SET', 'REASON'], rows);
}

export function brakeScreen(terminal: Terminal, brake: BrakeDetail, nowMs: number): string {
  const moment = (timestamp: string) => `${absolute(timestamp)} (${relative(timestamp, nowMs)})`;
  const facts: Field[] = [
    ['Brake', brake.brakeId],
    ['Status', own(brake.active ? terminal.style('red', 'on') : 'released')],
    ['Stops', brakeReach(brake)],
    ['Reason', brake.reason],
    ['Set', `by ${brake.createdBy}, ${moment(brake.createdAt)}`],
    ...(brake.releasedAt === null
      ? []
      : [['Released', `by ${brake.releasedBy ?? 'nobody known'}, ${moment(brake.releasedAt)}`] as const]),
  ];
  if (brake.bypasses.length === 0) return fields(terminal, facts);
  const rows = brake.bypasses.map((bypass) => [
    bypass.bypassId,
    own(bypass.active ? terminal.style('yellow', `until ${moment(bypass.until)}`) : terminal.style('dim', 'over')),
    bypassReach(bypass),
    bypass.createdBy,
    bypass.reason,
  ]);
  return [fields(terminal, facts), table(terminal, ['BYPASS', 'STATUS', 'LETS THROUGH', 'BY', 'REASON'], rows)].join(
    '\n\n',
  );
}

/** Not yet presented. */
export const bypassReach = ({ tool, agent, runId }: BrakeBypass): string =>
  [
    ...(tool === null ? [] : [`tool ${tool}`]),
    ...(agent === null ? [] : [`agent ${agent}`]),
    ...(runId === null ? [] : [`run ${runId}`]),
  ].join(', ');

export const bypassText = (bypass: BrakeBypass, nowMs: number): string =>
  `${presentInline(bypassReach(bypass))} may go on until ${absolute(bypass.until)} (${relative(bypass.until, nowMs)}).`;
