import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import { afterAll, expect, inject, test } from 'vitest';
import { processStartTime } from '../../scripts/process-lock.mjs';
import { quietProgress } from '../../src/platform/progress.ts';
import { createDatabase, dropDatabase } from '../../src/platform/services/postgres-databases.ts';
import { startPostgres } from '../../src/platform/services/postgres.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { waitFor } from '../support/wait-for.ts';

const postgresModule = fileURLToPath(new URL('../../src/platform/services/postgres.ts', import.meta.url));
const progressModule = fileURLToPath(new URL('../../src/platform/progress.ts', import.meta.url));
const stops: (() => Promise<void>)[] = [];
afterAll(() => Promise.all(stops.map((stop) => stop())));

async function start(directory: string, more: { durable?: boolean; databaseUrl?: string } = {}) {
  const server = await startPostgres({
    directory,
    progress: quietProgress(),
    logFile: join(directory, 'postgres.log'),
    ...more,
  });
  stops.push(server.stop);
  return server;
}

async function query<T extends object>(url: string, text: string): Promise<T[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<T>(text)).rows;
  } finally {
    await client.end();
  }
}

/** A process of its own that starts PostgreSQL durably and reports where it is. */
async function startInParent(directory: string) {
  const options = JSON.stringify({ directory, logFile: join(directory, 'postgres.log') });
  const script = `
    const { startPostgres } = await import(${JSON.stringify(postgresModule)});
    const { quietProgress } = await import(${JSON.stringify(progressModule)});
    const { url, pid } = await startPostgres({ ...${options}, progress: quietProgress() });
    console.log(JSON.stringify({ url, pid }));`;
  const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(parent.stdout, 'data');
  return { parent, ...(JSON.parse(String(line)) as { url: string; pid: number }) };
}

test('kill -9 of the server and of its owner loses nothing committed and locks nothing', async () => {
  const directory = temporaryDirectory();
  const first = await startInParent(directory);
  await query(first.url, `create table kept as select 'committed' as state`);
  await expect(start(directory)).rejects.toThrow(`already running for process ${first.parent.pid}`);

  // The server first, so that nobody shuts it down in order; then its owner.
  process.kill(first.pid, 'SIGKILL');
  first.parent.kill('SIGKILL');
  await once(first.parent, 'exit');

  const second = await start(directory);
  expect(await query(second.url, 'select state from kept')).toEqual([{ state: 'committed' }]);
  await second.stop();
});

test('kill -9 of its owner alone shuts the server down, and the next start finds the data', async () => {
  const directory = temporaryDirectory();
  const first = await startInParent(directory);
  await query(first.url, `create table kept as select 1 as one`);

  first.parent.kill('SIGKILL');
  await once(first.parent, 'exit');

  const second = await start(directory);
  expect(processStartTime(first.pid)).toBeUndefined();
  expect(await query(second.url, 'select one from kept')).toEqual([{ one: 1 }]);
  await second.stop();
});

test('a postmaster.pid whose number has gone to another program does not block the start', async () => {
  const directory = temporaryDirectory();
  const first = await start(directory, { durable: false });
  const dataDirectory = first.dataDirectory ?? '';
  await query(first.url, `create table kept as select 1 as one`);
  await first.stop();
  // A program of the same user: that is whom PostgreSQL takes for another server.
  const { uid, gid } = statSync(dataDirectory);
  const stranger = spawn('sleep', ['600'], { uid, gid, stdio: 'ignore' });
  writeFileSync(join(dataDirectory, 'postmaster.pid'), `${stranger.pid}\n${dataDirectory}\n`);
  try {
    const second = await start(directory, { durable: false });
    expect(await query(second.url, 'select one from kept')).toEqual([{ one: 1 }]);
    expect(processStartTime(stranger.pid ?? 0)).toBeDefined();
    await second.stop();
  } finally {
    stranger.kill('SIGKILL');
  }
});

test('it listens on loopback only, asks for a password, and keeps that to its user', async () => {
  const directory = temporaryDirectory();
  const server = await start(directory, { durable: false });
  const settings = await query(
    server.url,
    `select current_setting('listen_addresses') as listen, current_setting('unix_socket_directories') as sockets,
            current_setting('server_encoding') as encoding, current_setting('max_connections') as connections,
            current_setting('fsync') as fsync, current_setting('lc_messages') as locale`,
  );
  const expected = {
    listen: '127.0.0.1',
    sockets: '',
    encoding: 'UTF8',
    connections: '200',
    fsync: 'off',
    locale: 'C',
  };
  expect(settings).toEqual([expected]);
  expect(statSync(join(directory, 'postgres.json')).mode & 0o777).toBe(0o600);
  expect(statSync(server.dataDirectory ?? '').mode & 0o777).toBe(0o700);

  const stranger = new URL(server.url);
  stranger.password = 'guess';
  await expect(query(stranger.href, 'select 1')).rejects.toThrow('password authentication failed');
  expect(readFileSync(join(directory, 'postgres.log'), 'utf8')).not.toContain(new URL(server.url).password);
  await server.stop();
});

test('a configured database wins and nothing is started', async () => {
  const directory = temporaryDirectory();
  const server = await start(directory, { databaseUrl: inject('postgresUrl') });
  expect(server).toMatchObject({ url: inject('postgresUrl') });
  expect(server.pid).toBeUndefined();
  await server.stop();
  expect(await query(inject('postgresUrl'), 'select 1 as one')).toEqual([{ one: 1 }]);
});

test('a configured database that does not answer is an error without the password', async () => {
  const failing = start(temporaryDirectory(), { databaseUrl: 'postgres://someone:hunter2@127.0.0.1:1/none' });
  await expect(failing).rejects.toThrow('DATABASE_URL cannot be used');
  await expect(failing).rejects.not.toThrow('hunter2');
});

test('databases are made once, also by many at the same time, and dropped in use', async () => {
  const admin = inject('postgresUrl');
  const name = `made "once" ${process.pid}`;
  const urls = await Promise.all(Array.from({ length: 5 }, () => createDatabase(admin, name)));
  expect(new Set(urls).size).toBe(1);
  const url = urls[0] ?? '';
  expect(await query(url, 'select current_database() as name')).toEqual([{ name }]);

  const client = new Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  await dropDatabase(admin, name);
  await waitFor('the database to be gone', async () => (await query(url, 'select 1').catch(() => 'gone')) === 'gone');
  await client.end().catch(() => undefined);
});
