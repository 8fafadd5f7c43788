// A lock file that outlives no process: it names its holder by pid and start time, so a lock left behind by
// `kill -9`, or a pid that was given to another process, is recognised and taken over.
// Plain JavaScript without dependencies: the entry scripts use it before anything is installed.
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { linkSync, readFileSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

const takeoverAttempts = 20;

/** What tells this process from every other that has had, or will have, its pid; undefined when it is not alive. */
export function processStartTime(pid) {
  return process.platform === 'linux' ? linuxStartTime(pid) : psStartTime(pid);
}

function linuxStartTime(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The command name may contain spaces and brackets: fields are counted after its closing bracket.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
    const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${bootId}:${fields[19]}`;
  } catch {
    return undefined;
  }
}

function psStartTime(pid) {
  try {
    const options = {
      encoding: 'utf8',
      env: { PATH: process.env.PATH, LC_ALL: 'C' },
      stdio: ['ignore', 'pipe', 'ignore'],
    };
    const [state, ...started] = execFileSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], options)
      .trim()
      .split(/\s+/);
    return state === undefined || state.startsWith('Z') ? undefined : started.join(' ');
  } catch {
    return undefined;
  }
}

/** True while exactly this process, not merely one with its pid, is alive. */
export function isSameProcessAlive({ pid, startedAt }) {
  return startedAt !== undefined && processStartTime(pid) === startedAt;
}

/** Reads who holds a lock file; undefined when there is none or it is unreadable. */
export function readLock(file) {
  try {
    const record = JSON.parse(readFileSync(file, 'utf8'));
    return Number.isInteger(record.pid) && typeof record.nonce === 'string' ? record : undefined;
  } catch (error) {
    return error instanceof SyntaxError ? { pid: 0, nonce: 'unreadable', details: {} } : undefined;
  }
}

/**
 * Takes the lock, or says who has it. Never waits.
 * A stale lock is replaced only by the holder of a second lock (`<file>.takeover`, taken by the same rule), so
 * two processes that find the same stale lock cannot both win.
 */
export function tryLock(file, details = {}) {
  const record = { pid: process.pid, startedAt: processStartTime(process.pid), nonce: randomUUID(), details };
  for (let attempt = 0; attempt < takeoverAttempts; attempt += 1) {
    if (createExclusively(file, record)) return { acquired: true, lock: heldLock(file, record) };
    const holder = readLock(file);
    if (holder === undefined) continue;
    if (isSameProcessAlive(holder)) return { acquired: false, holder };

    const takeover = tryLock(`${file}.takeover`);
    if (!takeover.acquired) return { acquired: false, holder: takeover.holder };
    try {
      const current = readLock(file);
      if (current?.nonce === holder.nonce) {
        replace(file, record);
        return { acquired: true, lock: heldLock(file, record) };
      }
    } finally {
      takeover.lock.release();
    }
  }
  throw new Error(`The lock ${file} changes hands too fast to be taken.`);
}

/** Takes the lock, waiting for whoever has it; `onWait(holder)` is called once when there is something to wait for. */
export async function waitForLock(
  file,
  { onWait = () => {}, pollMs = 200, timeoutMs = 15 * 60_000, details = {} } = {},
) {
  const deadline = Date.now() + timeoutMs;
  let announced = false;
  for (;;) {
    const result = tryLock(file, details);
    if (result.acquired) return result.lock;
    if (Date.now() > deadline) throw new Error(`Process ${result.holder.pid} has held ${file} for too long.`);
    if (!announced) onWait(result.holder);
    announced = true;
    await delay(pollMs);
  }
}

function heldLock(file, record) {
  let current = record;
  return {
    file,
    update(details) {
      current = { ...current, details };
      replace(file, current);
    },
    release() {
      if (readLock(file)?.nonce === record.nonce) unlinkSync(file);
    },
  };
}

/** The record appears whole or not at all: it is written beside the lock and linked into place. */
function createExclusively(file, record) {
  const written = writeBeside(file, record);
  try {
    linkSync(written, file);
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  } finally {
    unlinkSync(written);
  }
}

function replace(file, record) {
  renameSync(writeBeside(file, record), file);
}

function writeBeside(file, record) {
  const beside = `${file}.${process.pid}.${randomUUID()}`;
  writeFileSync(beside, JSON.stringify(record), { mode: 0o600 });
  return beside;
}
