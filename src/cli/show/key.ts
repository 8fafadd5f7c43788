import type { Key, KeyWithSecret } from '../../contract/keys.ts';
import type { Style, Terminal } from '../terminal.ts';
import { fields, own, table } from './table.ts';
import type { Cell, Field } from './table.ts';
import { absolute, relative } from './time.ts';

const STYLES: Readonly<Record<string, Style>> = { live: 'green', expired: 'yellow', revoked: 'red' };

const statusCell = (terminal: Terminal, { status }: Key): Cell =>
  Object.hasOwn(STYLES, status) ? own(terminal.style(STYLES[status] ?? 'dim', status)) : status;

const since = (timestamp: string | null, nowMs: number): Cell =>
  own(timestamp === null ? 'never' : relative(timestamp, nowMs));

export function keyTable(terminal: Terminal, keys: readonly Key[], nowMs: number): string {
  const rows = keys.map((key) => [
    key.keyId,
    statusCell(terminal, key),
    key.principal,
    key.kind,
    key.roles.join(', '),
    key.label ?? '',
    since(key.lastUsedAt, nowMs),
    since(key.expiresAt, nowMs),
  ]);
  return table(terminal, ['KEY', 'STATUS', 'PRINCIPAL', 'KIND', 'ROLES', 'LABEL', 'USED', 'EXPIRES'], rows);
}

export function keyScreen(terminal: Terminal, key: Key, nowMs: number): string {
  const moment = (timestamp: string) => `${absolute(timestamp)} (${relative(timestamp, nowMs)})`;
  const optional = (name: string, value: string): Field[] => (value === '' ? [] : [[name, value]]);
  const when = (name: string, timestamp: string | null): Field[] =>
    timestamp === null ? [] : [[name, own(moment(timestamp))]];
  return fields(terminal, [
    ['Key', key.prefix],
    ['Status', statusCell(terminal, key)],
    ...optional('Label', key.label ?? ''),
    ['Principal', `${key.principal} (${key.kind})`],
    ['Roles', key.roles.join(', ')],
    ...optional('Groups', key.groups.join(', ')),
    ['Projects', key.projects.join(', ')],
    ['Channel', key.channel],
    ['Made', `by ${key.createdBy ?? 'the installation'}, ${moment(key.createdAt)}`],
    ...when('Rotated', key.rotatedAt),
    ...when('Old until', key.previousUntil),
    ...when('Expires', key.expiresAt),
    ...when('Used', key.lastUsedAt),
    ...(key.revokedAt === null
      ? []
      : [['Revoked', `by ${key.revokedBy ?? 'nobody known'}, ${moment(key.revokedAt)}`] as const]),
  ]);
}

/** The one time that a secret is on a screen. */
export const secretText = ({ key }: KeyWithSecret): string =>
  key === null
    ? '\nIts secret was shown with the first answer, and is nowhere else.'
    : `\n${key}\n\nIt is shown this once: keep it now.`;
