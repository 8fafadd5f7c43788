import { isIP } from 'node:net';
import { readTemporal } from '../temporal-endpoint.ts';

const isLoopback = (host: string): boolean => host === 'localhost' || host === '::1' || host.startsWith('127.');

/** What each variable says may be well, and not go together. */
export function faultsBetween(variables: Readonly<Record<string, string>>): readonly string[] {
  const { COUNTERSIGN_API_HOST: host, COUNTERSIGN_ALLOWED_HOSTS: allowed } = variables;
  const isOpen = host !== undefined && isIP(host) !== 0 && !isLoopback(host) && allowed === undefined;
  return [
    ...(isOpen
      ? ['COUNTERSIGN_API_HOST is no loopback address: name in COUNTERSIGN_ALLOWED_HOSTS who it is called as']
      : []),
    ...readTemporal(variables).faults,
  ];
}
