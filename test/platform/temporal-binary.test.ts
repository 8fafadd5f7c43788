import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { quietProgress } from '../../src/platform/progress.ts';
import { chooseTemporal, executableOnPath, temporalExecutable } from '../../src/platform/services/temporal-binary.ts';
import { cachedProgram } from '../../src/platform/services/program-cache.ts';
import { downloadTemporalProgram } from '../../src/platform/services/temporal-download.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const cached = '/cache/temporal-cli-v1.5.1/temporal';
const places = { searchPath: '/usr/local/bin:/usr/bin', cacheDirectory: '/cache' };
const everywhere = ['/opt/temporal', '/usr/local/bin/temporal', '/usr/bin/temporal', cached];

test.each([
  [
    'an address, though all else is there',
    { address: 'host:7233', cliPath: '/opt/temporal' },
    everywhere,
    { kind: 'server', address: 'host:7233' },
  ],
  [
    'the configured file',
    { cliPath: '/opt/temporal' },
    everywhere,
    { kind: 'executable', path: '/opt/temporal', from: 'configured' },
  ],
  [
    'no substitute for a configured file that is missing',
    { cliPath: '/opt/none' },
    everywhere,
    { kind: 'configured_but_missing', path: '/opt/none' },
  ],
  ['the first on PATH', {}, everywhere, { kind: 'executable', path: '/usr/local/bin/temporal', from: 'path' }],
  [
    'the next on PATH',
    {},
    ['/usr/bin/temporal', cached],
    { kind: 'executable', path: '/usr/bin/temporal', from: 'path' },
  ],
  ['the cache', {}, [cached], { kind: 'executable', path: cached, from: 'cache' }],
  ['an installation', {}, [], { kind: 'to_install' }],
] satisfies [string, object, string[], object][])(
  'the resolver chooses %s',
  (_title, configured, executables: string[], expected) => {
    expect(chooseTemporal({ ...places, ...configured }, (path) => executables.includes(path))).toEqual(expected);
  },
);

test('relative entries of PATH do not count', () => {
  expect(executableOnPath('temporal', '.:bin:/usr/bin', () => true)).toBe('/usr/bin/temporal');
});

test('a configured file that cannot be run is refused with what to do', async () => {
  const directory = temporaryDirectory();
  const cliPath = join(directory, 'temporal');
  writeFileSync(cliPath, 'not executable');
  const resolving = temporalExecutable({
    cliPath,
    cacheDirectory: directory,
    progress: quietProgress(),
    logFile: join(directory, 'log'),
  });
  await expect(resolving).rejects.toThrow(/TEMPORAL_CLI_PATH.*unset it/s);
});

test('a download is unpacked, executable and under its name', async () => {
  const directory = temporaryDirectory();
  const source = join(directory, 'source');
  mkdirSync(source);
  writeFileSync(join(source, 'temporal'), '#!/bin/sh\necho downloaded\n');
  chmodSync(join(source, 'temporal'), 0o644);
  execFileSync('tar', ['-czf', join(directory, 'cli.tar.gz'), '-C', source, 'temporal']);
  const asked: string[] = [];
  const service = createServer((request, response) => {
    asked.push(request.url ?? '');
    if (request.url === '/cli.tar.gz') response.end(readFileSync(join(directory, 'cli.tar.gz')));
    else response.end(JSON.stringify({ archiveUrl: `${serviceUrl()}/cli.tar.gz`, fileToExtract: 'temporal' }));
  });
  const serviceUrl = () => `http://127.0.0.1:${(service.address() as AddressInfo).port}`;
  await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
  const target = join(directory, 'target');
  mkdirSync(target);
  try {
    const download = {
      artifact: 'cli',
      version: 'v1.5.1',
      directory: target,
      file: 'temporal',
      logFile: join(directory, 'log'),
    } as const;
    await downloadTemporalProgram({ ...download, serviceUrl: serviceUrl() });
  } finally {
    service.close();
  }
  expect(asked[0]).toMatch(/^\/cli\/v1\.5\.1\?arch=(amd64|arm64)&platform=\w+&format=tar\.gz$/);
  expect(execFileSync(join(target, 'temporal'), { encoding: 'utf8' })).toBe('downloaded\n');
  expect(existsSync(join(target, 'archive.tar.gz'))).toBe(false);
});

test('two callers install a program once; a failed installation leaves nothing', async () => {
  const cacheDirectory = temporaryDirectory();
  const program = { cacheDirectory, name: 'tool-1', file: 'tool', progress: quietProgress() };
  const failing = cachedProgram({ ...program, install: () => Promise.reject(new Error('no network')) });
  await expect(failing).rejects.toThrow('no network');
  expect(existsSync(join(cacheDirectory, 'tool-1'))).toBe(false);

  let installations = 0;
  const install = async (directory: string) => {
    installations += 1;
    writeFileSync(join(directory, 'tool'), '');
  };
  const paths = await Promise.all([cachedProgram({ ...program, install }), cachedProgram({ ...program, install })]);
  expect(paths).toEqual([join(cacheDirectory, 'tool-1', 'tool'), join(cacheDirectory, 'tool-1', 'tool')]);
  expect(installations).toBe(1);
});
