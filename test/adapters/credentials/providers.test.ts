import { createServer } from 'node:http';
import { once } from 'node:events';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { openCredentials } from '../../../src/adapters/credentials/open-credentials.ts';
import { loadConfig } from '../../../src/platform/config.ts';
import { createGuardedFetch } from '../../../src/platform/outgoing/guarded-fetch.ts';

const fetch = createGuardedFetch(['127.0.0.1']);
const { signal } = new AbortController();
const request = { tenant: 'acme', project: 'web', principal: 'anna', reference: 'github' };
const provider = (environment: Readonly<Record<string, string>>) =>
  openCredentials(loadConfig({ HOME: '/home/x', ...environment }).credentials, fetch);

test('S1.19 the environment has one secret for everybody, by name', async () => {
  const credentials = provider({
    COUNTERSIGN_CREDENTIAL_GITHUB: 'gh-secret',
    COUNTERSIGN_CREDENTIAL_MY_API: 'my-secret',
  });
  expect(await credentials.resolve(request, signal)).toBe('gh-secret');
  expect(await credentials.resolve({ ...request, reference: 'my-api' }, signal)).toBe('my-secret');
  expect(await credentials.resolve({ ...request, reference: 'other' }, signal)).toBeUndefined();
});

test('S1.19 a file of mode 0600 has secrets for everybody, a project or a person; the narrowest counts', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'countersign-credentials-'));
  const path = join(directory, 'credentials.json');
  const write = (content: unknown) => writeFile(path, JSON.stringify(content), { mode: 0o600 });
  await write({
    v: 1,
    credentials: [
      { reference: 'github', value: 'for-all' },
      { reference: 'github', tenant: 'acme', project: 'web', value: 'for-web' },
      { reference: 'github', principal: 'anna', value: 'for-anna' },
      { reference: 'github', tenant: 'other', principal: 'anna', value: 'not-hers' },
    ],
  });
  const credentials = provider({ COUNTERSIGN_CREDENTIALS: `file:${path}` });
  expect(await credentials.resolve(request, signal)).toBe('for-anna');
  expect(await credentials.resolve({ ...request, principal: 'ben' }, signal)).toBe('for-web');
  expect(await credentials.resolve({ ...request, principal: 'ben', project: 'app' }, signal)).toBe('for-all');
  await write({ v: 1, credentials: [{ reference: 'github', value: 'replaced' }] });
  expect(await credentials.resolve(request, signal)).toBe('replaced');
  await chmod(path, 0o644);
  await expect(credentials.resolve(request, signal)).rejects.toThrow('mode 0600');
  await chmod(path, 0o600);
  await writeFile(path, 'gh-secret-in-a-broken-file');
  await expect(credentials.resolve(request, signal)).rejects.not.toThrow('gh-secret');
  await rm(directory, { recursive: true });
  await expect(credentials.resolve(request, signal)).rejects.toThrow('cannot be opened');
});

test('S1.19 a vault is asked over HTTP for whom it is; 404 means there is none', async () => {
  const heard: unknown[] = [];
  const answers: [number, string][] = [
    [200, '{"value":"vault-secret","lease":60}'],
    [404, ''],
    [500, 'vault-secret'],
    [200, 'vault-secret'],
  ];
  const server = createServer((incoming, response) => {
    void json(incoming).then((body) => heard.push([incoming.headers.authorization, body]));
    const [status, answer] = answers.shift() ?? [500, ''];
    response.writeHead(status).end(answer);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/secrets`;
  const credentials = provider({ COUNTERSIGN_CREDENTIALS: url, COUNTERSIGN_CREDENTIALS_TOKEN: 'vault-token' });
  expect(await credentials.resolve(request, signal)).toBe('vault-secret');
  await expect.poll(() => heard).toEqual([['Bearer vault-token', request]]);
  expect(await credentials.resolve(request, signal)).toBeUndefined();
  for (const _ of [500, 200]) await expect(credentials.resolve(request, signal)).rejects.not.toThrow('vault-secret');
  server.closeAllConnections();
  server.close();
  expect(() => loadConfig({ COUNTERSIGN_CREDENTIALS: 'http://vault.example/' })).toThrow('COUNTERSIGN_CREDENTIALS');
});
