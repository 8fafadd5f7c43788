// How Temporal is reached: by its standard variables and profiles; what is wrong is named without what is secret.
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { explainConfig } from '../../src/platform/explain-config.ts';
import { readTemporal } from '../../src/platform/temporal-endpoint.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const directory = temporaryDirectory();
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const file = (name: string, text: string): string => {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
};
const toml = file(
  'temporal.toml',
  `[profile.default]
address = "here.example:7233"
[profile.cloud]
address = "cloud.example:7233"
namespace = "team"
api_key = "hunter2"
[profile.broken]
address = "http://nowhere"
`,
);
const certificate = file('ca.pem', 'a certificate');

test('S1.18 nothing names a Temporal: a local one is started', () => {
  expect(readTemporal({})).toMatchObject({ endpoint: undefined, namespace: 'default', faults: [] });
});

test('S1.18 a profile says what variables leave open; its key switches TLS on', () => {
  const named = { TEMPORAL_CONFIG_FILE: toml, TEMPORAL_PROFILE: 'cloud' };
  expect(readTemporal(named)).toMatchObject({
    endpoint: { address: 'cloud.example:7233', apiKey: 'hunter2', tls: true },
    namespace: 'team',
    fromProfile: { address: true, namespace: true },
  });
  expect(readTemporal({ ...named, TEMPORAL_ADDRESS: 'other.example:1', TEMPORAL_NAMESPACE: 'mine' })).toMatchObject({
    endpoint: { address: 'other.example:1', apiKey: 'hunter2' },
    namespace: 'mine',
    fromProfile: { address: false, namespace: false },
  });
  expect(readTemporal({ TEMPORAL_CONFIG_FILE: toml }).endpoint).toEqual({ address: 'here.example:7233' });
});

test('S1.18 a profile that nobody has named does not count', () => {
  file('nothing', '');
  expect(readTemporal({ XDG_CONFIG_HOME: directory, HOME: directory }).endpoint).toBeUndefined();
});

test('S1.18 certificates are read, headers are passed on', () => {
  const { endpoint } = readTemporal({
    TEMPORAL_ADDRESS: 'a.example:1',
    TEMPORAL_TLS_SERVER_CA_CERT_PATH: certificate,
    TEMPORAL_TLS_SERVER_NAME: 'b.example',
    TEMPORAL_GRPC_META_TEAM: 'agents',
  });
  expect(endpoint).toMatchObject({
    tls: { serverNameOverride: 'b.example', serverRootCACertificate: new Uint8Array(Buffer.from('a certificate')) },
    metadata: { team: 'agents' },
  });
});

test.each([
  ['a file that there is not', { TEMPORAL_CONFIG_FILE: '/none.toml' }, 'TEMPORAL_CONFIG_FILE names a file'],
  ['no TOML', { TEMPORAL_CONFIG_FILE: file('bad', 'api_key = hunter2 [') }, 'cannot be read as TOML (line 1)'],
  ['another profile', { TEMPORAL_CONFIG_FILE: toml, TEMPORAL_PROFILE: 'x' }, 'TEMPORAL_PROFILE names a profile'],
  ['a bad address', { TEMPORAL_CONFIG_FILE: toml, TEMPORAL_PROFILE: 'broken' }, 'not host:port'],
  ['a key without an address', { TEMPORAL_API_KEY: 'hunter2' }, 'TEMPORAL_ADDRESS is needed'],
  [
    'a key without TLS',
    { TEMPORAL_ADDRESS: 'a.example:1', TEMPORAL_API_KEY: 'hunter2', TEMPORAL_TLS: 'false' },
    'plain',
  ],
  ['no certificate', { TEMPORAL_ADDRESS: 'a:1', TEMPORAL_TLS_CLIENT_CERT_PATH: '/none.pem' }, '/none.pem'],
])('S1.18 %s is refused', (_name, variables: Record<string, string>, fault) => {
  const { faults } = readTemporal(variables);
  expect(faults.join('\n')).toContain(fault === 'plain' ? 'would be sent unencrypted' : fault);
  expect(faults.join('\n')).not.toContain('hunter2');
});

test('S1.18 what holds is explained with where it comes from; secrets are named, not shown', () => {
  const environment = {
    DATABASE_URL: 'postgres://app:hunter2@db.example:5432/countersign?password=hunter2',
    OPENAI_API_KEY: 'hunter2',
    COUNTERSIGN_CREDENTIAL_GITHUB: 'hunter2',
    TEMPORAL_GRPC_META_TOKEN: 'hunter2',
    COUNTERSIGN_CHECKPOINT_SINK: 'https://a:hunter2@one.example,file:/two',
    TEMPORAL_CONFIG_FILE: toml,
    TEMPORAL_PROFILE: 'cloud',
    COUNTERSIGN_API_PORT: '70000',
  };
  const project = {
    path: '/p/countersign.config.ts',
    directory: '/p',
    variables: { COUNTERSIGN_AGENTS: '/p/a.ts', COUNTERSIGN_LOG_LEVEL: 'warn' },
    faults: [],
    keyOf: () => undefined,
  };
  const { variables, faults } = explainConfig({ environment, project });
  const of = (name: string) => variables.find(({ variable }) => variable === name);
  expect(JSON.stringify({ variables, faults })).not.toContain('hunter2');
  expect(of('DATABASE_URL')).toMatchObject({
    value: 'postgres://app:***@db.example:5432/countersign?***',
    source: 'environment',
  });
  expect(of('COUNTERSIGN_LOG_LEVEL')).toMatchObject({ value: 'warn', source: 'file', from: project.path });
  expect(of('TEMPORAL_ADDRESS')).toMatchObject({ value: 'cloud.example:7233', source: 'profile', from: 'cloud' });
  expect(of('COUNTERSIGN_TASK_QUEUE')).toMatchObject({ value: null, fallback: 'countersign', source: 'default' });
  expect(of('COUNTERSIGN_CREDENTIAL_GITHUB')).toMatchObject({ value: '(secret)' });
  expect(faults).toEqual(['COUNTERSIGN_API_PORT must be a port number']);
});
