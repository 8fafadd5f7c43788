import { expect, test } from 'vitest';
import { childEnvironment } from '../../src/platform/environment/child-environment.ts';
import { loadConfig } from '../../src/platform/config.ts';
import { ConfigError } from '../../src/platform/config-error.ts';

const faultsOf = (environment: Record<string, string>): readonly string[] => {
  try {
    loadConfig(environment);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
};

test('an empty environment gives a local installation on loopback', () => {
  expect(loadConfig({ HOME: '/home/someone' })).toMatchObject({
    databaseUrl: undefined,
    temporal: { endpoint: undefined, namespace: 'default' },
    api: { host: '127.0.0.1', port: 3310 },
    logLevel: 'info',
    stateHome: '/home/someone/.local/state',
    cacheHome: '/home/someone/.cache',
    models: { openai: { apiKey: undefined }, defaultModel: undefined },
  });
});

test('all faults are listed at once, without the values', () => {
  const faults = faultsOf({
    DATABASE_URL: 'mysql://root:hunter2@db/x',
    TEMPORAL_ADDRESS: 'http://temporal',
    COUNTERSIGN_API_PORT: '70000',
    COUNTERSIGN_API_HOST: '0.0.0.0',
    COUNTERSIGN_MODEL: 'gpt',
    OPENAI_BASE_URL: 'file:///etc/passwd',
    TEMPORAL_CLI_PATH: 'bin/temporal',
  });

  expect(faults.map((fault) => fault.split(' ')[0])).toEqual([
    'DATABASE_URL',
    'TEMPORAL_ADDRESS',
    'TEMPORAL_CLI_PATH',
    'COUNTERSIGN_API_PORT',
    'COUNTERSIGN_MODEL',
    'OPENAI_BASE_URL',
    'COUNTERSIGN_API_HOST',
  ]);
  expect(faults.join()).not.toContain('hunter2');
});

test('an empty variable counts as not set', () => {
  expect(loadConfig({ DATABASE_URL: '', COUNTERSIGN_API_PORT: '', TEMPORAL_ADDRESS: '' }).databaseUrl).toBeUndefined();
});

test('values are typed', () => {
  const config = loadConfig({
    DATABASE_URL: 'postgres://app:pw@db.example:5432/countersign',
    TEMPORAL_ADDRESS: 'temporal.example:7233',
    COUNTERSIGN_API_PORT: '8080',
    COUNTERSIGN_MODEL: 'openai/gpt-5',
    OPENAI_BASE_URL: 'http://127.0.0.1:11434/v1',
    XDG_STATE_HOME: 'relative/is/ignored',
    HOME: '/home/someone',
  });
  expect(config.api.port).toBe(8080);
  expect(config.temporal.endpoint).toEqual({ address: 'temporal.example:7233' });
  expect(config.models).toMatchObject({
    openai: { baseUrl: 'http://127.0.0.1:11434/v1' },
    defaultModel: 'openai/gpt-5',
  });
  expect(config.stateHome).toBe('/home/someone/.local/state');
});

test('a child process gets the harmless base and what is named, nothing else', () => {
  const environment = { PATH: '/bin', HOME: '/home/someone', OPENAI_API_KEY: 'sk-secret', GOFLAGS: '-v', OTHER: 'x' };
  expect(childEnvironment(['GOFLAGS', 'GOPROXY'], environment)).toEqual({
    PATH: '/bin',
    HOME: '/home/someone',
    GOFLAGS: '-v',
  });
});

test.each(['OPENAI_API_KEY', 'DATABASE_URL', 'GITHUB_TOKEN', 'PGPASSWORD'])('%s is never handed on', (name) => {
  expect(() => childEnvironment([name], { [name]: 'secret' })).toThrow(name);
});
