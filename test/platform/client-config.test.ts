import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { ClientConfigError, clientConfig, readClientFile, updateClientFile } from '../../src/platform/client-config.ts';
import { loadClientEnvironment } from '../../src/platform/environment/client-environment.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const directory = temporaryDirectory();
const file = join(directory, 'client.json');
const KEPT = { url: 'http://127.0.0.1:3310', apiKey: 'kept' };
const NOTHING = loadClientEnvironment({});

beforeEach(() => writeFileSync(file, JSON.stringify(KEPT), { mode: 0o600 }));
afterAll(() => rmSync(directory, { recursive: true }));

test('options win over the environment, that over the installation', () => {
  const environment = loadClientEnvironment({ COUNTERSIGN_URL: 'http://b.example', COUNTERSIGN_API_KEY: 'named' });
  expect(clientConfig({}, NOTHING, directory)).toEqual(KEPT);
  expect(clientConfig({}, environment, directory)).toEqual({ url: 'http://b.example', apiKey: 'named' });
  const given = { url: 'http://c.example', key: 'given' };
  expect(clientConfig(given, environment, directory)).toEqual({ url: 'http://c.example', apiKey: 'given' });
});

test('the kept key goes to no address but its own', () => {
  expect(clientConfig({ url: 'http://127.0.0.1:3310/' }, NOTHING, directory).apiKey).toBe('kept');
  for (const url of ['http://127.0.0.1:3311', 'https://127.0.0.1:3310', 'http://evil.example:3310']) {
    expect(() => clientConfig({ url }, NOTHING, directory)).toThrow(ClientConfigError);
  }
});

test('without address or key it says how to name them', () => {
  rmSync(file);
  expect(() => clientConfig({}, NOTHING, directory)).toThrow('npm start');
  expect(() => clientConfig({ url: 'http://a.example' }, NOTHING, directory)).toThrow('COUNTERSIGN_API_KEY');
});

test('a new port keeps the key, and the file stays private; one that cannot be read is none', () => {
  expect(updateClientFile(directory, 'http://127.0.0.1:4000')).toEqual({ ...KEPT, url: 'http://127.0.0.1:4000' });
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ ...KEPT, url: 'http://127.0.0.1:4000' });
  expect(statSync(file).mode & 0o777).toBe(0o600);
  writeFileSync(file, '{');
  expect(readClientFile(directory)).toBeUndefined();
});

test('a client minds faults in its own variables only', () => {
  expect(() => loadClientEnvironment({ COUNTERSIGN_URL: 'ftp://x' })).toThrow('COUNTERSIGN_URL');
  expect(loadClientEnvironment({ DATABASE_URL: 'nonsense' }).url).toBeUndefined();
});
