import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createGuardedFetch, isPrivateAddressError } from '../../../src/platform/outgoing/guarded-fetch.ts';
import { allowedHosts, mayConnectTo } from '../../../src/platform/outgoing/public-address.ts';

let server: Server;
let port: number;
let connections = 0;
beforeAll(async () => {
  server = createServer((request, response) => {
    const to = new URL(request.url ?? '/', 'http://x').searchParams.get('to');
    if (to === null) response.end('reached');
    else response.writeHead(302, { location: to }).end();
  });
  server.on('connection', () => (connections += 1));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  ({ port } = server.address() as AddressInfo);
});
afterAll(() => void server.close());

const refused = async (attempt: Promise<unknown>): Promise<boolean> => {
  const error = await attempt.then(
    () => undefined,
    (failure: unknown) => failure,
  );
  return isPrivateAddressError(error);
};

describe('addresses', () => {
  test.each([
    ['loopback', '127.0.0.1', '127.8.9.1', '::1'],
    ['unspecified', '0.0.0.0', '::'],
    ['private', '10.0.0.1', '172.16.3.4', '172.31.255.255', '192.168.1.1', 'fd00::1', 'fc12::3'],
    ['link-local, where clouds keep credentials', '169.254.169.254', '169.254.0.1', 'fe80::1', 'fe80::1%eth0'],
    ['another cloud that does', 'fd00:ec2::254', '100.100.100.200'],
    ['carrier-grade NAT', '100.64.0.1', '100.127.255.255'],
    ['IPv4 in IPv6', '::ffff:127.0.0.1', '::ffff:a00:1', '::ffff:169.254.169.254', '::7f00:1', '::10.0.0.1'],
    ['translated and tunnelled', '64:ff9b::7f00:1', '2002:7f00:1::', '2001:0:7f00:1::'],
    [
      'multicast, broadcast, reserved',
      '224.0.0.1',
      'ff02::1',
      '255.255.255.255',
      '240.0.0.1',
      '192.0.2.1',
      '198.18.0.1',
    ],
    ['no address', 'localhost', '', '127.1', '0x7f.1', '2130706433'],
  ])('%s: no', (_name, ...addresses) => {
    expect(addresses.filter((address) => mayConnectTo(address, allowedHosts([])))).toEqual([]);
  });

  test.each(['8.8.8.8', '93.184.216.34', '2606:4700::1111', '::ffff:8.8.8.8'])('%s: yes', (address) => {
    expect(mayConnectTo(address, allowedHosts([]))).toBe(true);
  });

  test('ranges and addresses that are allowed, and their neighbours, which are not', () => {
    const allowed = allowedHosts(['10.20.0.0/16', '192.168.1.7', 'fd00:1::/32', 'hooks.internal']);
    const addresses = [
      '10.20.255.1',
      '192.168.1.7',
      '::ffff:10.20.0.1',
      'fd00:1::9',
      '10.21.0.1',
      '192.168.1.8',
      'fd00:2::9',
    ];
    expect(addresses.map((address) => mayConnectTo(address, allowed))).toEqual([
      true,
      true,
      true,
      true,
      false,
      false,
      false,
    ]);
  });
});

describe('requests', () => {
  test.each([
    () => `http://127.0.0.1:${port}/`,
    () => `http://[::1]:${port}/`,
    () => `http://[::ffff:127.0.0.1]:${port}/`,
    () => `http://localhost:${port}/`,
    () => `http://2130706433:${port}/`,
    () => `http://0x7f.1:${port}/`,
    () => `http://0:${port}/`,
    () => 'http://169.254.169.254/latest/meta-data/',
    () => 'https://192.168.0.1/',
  ])('no connection is made to a private address, however it is written (%#)', async (url) => {
    const before = connections;
    expect(await refused(createGuardedFetch([])(url()))).toBe(true);
    expect(connections).toBe(before);
  });

  test('a name or an address that is allowed is reached, and nothing else', async () => {
    const byAddress = createGuardedFetch(['127.0.0.1']);
    expect(await (await byAddress(`http://127.0.0.1:${port}/`)).text()).toBe('reached');
    const byName = createGuardedFetch(['localhost']);
    expect(await (await byName(`http://localhost:${port}/`)).text()).toBe('reached');
    expect(await refused(byName(`http://127.0.0.1:${port}/`))).toBe(true);
  });

  test('a redirect leads into no private network', async () => {
    const fetch = createGuardedFetch(['127.0.0.1']);
    const away = (to: string) => `http://127.0.0.1:${port}/?to=${encodeURIComponent(to)}`;
    expect(await (await fetch(away(`http://127.0.0.1:${port}/`))).text()).toBe('reached');
    expect(await refused(fetch(away('http://10.0.0.1/')))).toBe(true);
    expect(await refused(fetch(away(`http://[::1]:${port}/`)))).toBe(true);
  });
});
