/** The API's figures for people. */
import { alignedTable } from '../table.ts';
import type { ApiResults } from './bench-api.ts';
import { PARTS } from './open-installation.ts';

const MIB = 1_024 * 1_024;

const figure = (value: number | undefined, digits = 0): string => (value === undefined ? '–' : value.toFixed(digits));
const mib = (bytes: number | undefined): string => figure(bytes === undefined ? undefined : bytes / MIB);

export function apiTables({ decisions, streams }: ApiResults): string {
  const decided = decisions.map(({ clients, answeredMs, perSecond, pending, cpuMsPerDecision }) => [
    ...[String(clients), String(answeredMs.samples), figure(perSecond, 1)],
    ...[answeredMs.p50, answeredMs.p95, answeredMs.max].map((ms) => figure(ms, 1)),
    String(pending),
    ...PARTS.map((part) => figure(cpuMsPerDecision[part], 1)),
  ]);
  const memory = decisions.map(({ clients, memoryBytes }) => [
    String(clients),
    ...PARTS.map((part) => mib(memoryBytes[part])),
  ]);
  const streamed = streams.map((one) => [
    ...[String(one.streams), figure(one.openedMs), figure(one.heardByAllMs.p50, 1), figure(one.heardByAllMs.max, 1)],
    mib(one.apiMemoryBytesMore),
    ...[String(one.meanwhile.clients), figure(one.meanwhile.perSecond, 1)],
    ...[one.meanwhile.answeredMs.p50, one.meanwhile.answeredMs.p95].map((ms) => figure(ms, 1)),
  ]);
  return [
    'Decisions, and CPU in ms a decided run',
    alignedTable([['clients', 'decisions', '/s', 'p50 ms', 'p95 ms', 'max ms', '202', ...PARTS], ...decided]),
    'Memory after it, MiB',
    alignedTable([['clients', ...PARTS], ...memory]),
    'Open streams, and decisions meanwhile',
    alignedTable([
      ['streams', 'opened ms', 'heard p50', 'max ms', 'API +MiB', 'clients', '/s', 'p50 ms', 'p95 ms'],
      ...streamed,
    ]),
  ].join('\n\n');
}
