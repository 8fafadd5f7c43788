import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { readLock, tryLock, waitForLock } from '../../scripts/process-lock.mjs';
import { claimInstance } from '../../src/platform/services/service-lock.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { waitFor } from '../support/wait-for.ts';

const lockModule = fileURLToPath(new URL('../../scripts/process-lock.mjs', import.meta.url));

/** A process that tries for the lock, prints what came of it and stays until it is killed. */
function contender(file: string) {
  const program = `
    const { tryLock } = await import(${JSON.stringify(lockModule)});
    console.log(tryLock(${JSON.stringify(file)}).acquired ? 'acquired' : 'refused');
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const outcome = once(child.stdout, 'data').then(([data]) => String(data).trim());
  return { child, outcome };
}

test('a held lock is refused, naming its holder, and free again once released', () => {
  const file = join(temporaryDirectory(), 'lock');
  const first = tryLock(file, { api: 'http://127.0.0.1:3310' });
  if (!first.acquired) throw new Error('the first taker must get the lock');

  const second = tryLock(file);
  expect(second).toMatchObject({
    acquired: false,
    holder: { pid: process.pid, details: { api: 'http://127.0.0.1:3310' } },
  });

  first.lock.release();
  expect(tryLock(file).acquired).toBe(true);
});

test('the lock of a killed process is taken over', async () => {
  const file = join(temporaryDirectory(), 'lock');
  const dead = contender(file);
  expect(await dead.outcome).toBe('acquired');
  expect(tryLock(file).acquired).toBe(false);
  dead.child.kill('SIGKILL');
  await once(dead.child, 'exit');

  expect(tryLock(file).acquired).toBe(true);
});

test('of many who find the same stale locks at the same moment, exactly one gets each', async () => {
  const directory = temporaryDirectory();
  const files = Array.from({ length: 300 }, (_, index) => join(directory, `lock-${index}`));
  for (const file of files) {
    writeFileSync(file, JSON.stringify({ pid: 1, startedAt: 'another boot:1', nonce: 'stale', details: {} }));
  }
  const startAtMs = Date.now() + 1_000;
  const program = `
    const { tryLock } = await import(${JSON.stringify(lockModule)});
    while (Date.now() < ${startAtMs});
    const mine = ${JSON.stringify(files)}.filter((file) => tryLock(file).acquired);
    console.log(JSON.stringify(mine));
    setInterval(() => {}, 1000);`;
  const spawnOne = () =>
    spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  const contenders = Array.from({ length: 4 }, spawnOne);
  try {
    // All stay alive until the last has answered: a lock must not become stale meanwhile.
    const answers = contenders.map(async ({ stdout }) => {
      for await (const line of createInterface({ input: stdout })) return JSON.parse(line) as string[];
      return [];
    });
    expect((await Promise.all(answers)).flat().toSorted()).toEqual(files.toSorted());
  } finally {
    for (const child of contenders) child.kill('SIGKILL');
  }
});

test('a lock whose pid now belongs to another process is stale', () => {
  const file = join(temporaryDirectory(), 'lock');
  writeFileSync(file, JSON.stringify({ pid: process.pid, startedAt: 'another boot:1', nonce: 'old', details: {} }));

  expect(tryLock(file).acquired).toBe(true);
});

test('a damaged lock file does not lock anybody out', () => {
  const file = join(temporaryDirectory(), 'lock');
  writeFileSync(file, '{"pid": 12');

  expect(tryLock(file).acquired).toBe(true);
});

test('a crash in the middle of a takeover does not lock anybody out', () => {
  const file = join(temporaryDirectory(), 'lock');
  const stale = { pid: process.pid, startedAt: 'another boot:1', details: {} };
  writeFileSync(file, JSON.stringify({ ...stale, nonce: 'holder' }));
  writeFileSync(`${file}.takeover`, JSON.stringify({ ...stale, nonce: 'taker' }));

  expect(tryLock(file).acquired).toBe(true);
});

test('releasing late does not take the lock from its next holder', () => {
  const file = join(temporaryDirectory(), 'lock');
  const first = tryLock(file);
  if (!first.acquired) throw new Error('the first taker must get the lock');
  const next = { pid: process.pid, startedAt: readLock(file)?.startedAt, nonce: 'next', details: {} };
  writeFileSync(file, JSON.stringify(next));

  first.lock.release();

  expect(readLock(file)).toMatchObject({ nonce: 'next' });
});

test('a waiter gets the lock when its holder lets go', async () => {
  const file = join(temporaryDirectory(), 'lock');
  const first = tryLock(file);
  if (!first.acquired) throw new Error('the first taker must get the lock');
  const announced: number[] = [];

  const waiting = waitForLock(file, { pollMs: 5, onWait: (holder) => announced.push(holder.pid) });
  await waitFor('the waiter to say so', () => announced.length > 0);
  first.lock.release();

  const second = await waiting;
  expect(announced).toEqual([process.pid]);
  expect(JSON.parse(readFileSync(second.file, 'utf8'))).toMatchObject({ pid: process.pid });
});

test('a second start is told the pid and the addresses of the first', () => {
  const directory = temporaryDirectory();
  const first = claimInstance(directory);
  if (!first.claimed) throw new Error('the first start must get the claim');
  first.claim.announce({ API: 'http://127.0.0.1:3310' });

  const second = claimInstance(directory);
  if (second.claimed) throw new Error('the second start must be refused');
  expect(second.pid).toBe(process.pid);
  expect(second.message).toContain(`process ${process.pid}`);
  expect(second.message).toContain('http://127.0.0.1:3310');

  first.claim.release();
  expect(claimInstance(directory).claimed).toBe(true);
});
