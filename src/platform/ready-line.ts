/** Reads what a process of ours says in its log: its output goes there, whoever started it. */
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';

const Ready = z.object({ ready: z.literal(true), url: z.url(), firstKey: z.boolean(), pid: z.number() });
export type Ready = z.infer<typeof Ready>;

const POLL_MS = 40;

export const logSizeBytes = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0;

interface ReadyWait {
  readonly logFile: string;
  /** Where the log ended before the process was started. */
  readonly fromBytes: number;
  readonly pid: number;
  readonly deadlineMs: number;
  isRunning(): boolean;
}

/** The line in which the process says that it is ready; undefined where it has ended, or said nothing in time. */
export async function awaitReady({
  logFile,
  fromBytes,
  pid,
  deadlineMs,
  isRunning,
}: ReadyWait): Promise<Ready | undefined> {
  for (;;) {
    // Asked before the log is read: what it said before it ended counts.
    const goesOn = isRunning() && Date.now() < deadlineMs;
    const found = readFrom(logFile, fromBytes)
      .split('\n')
      .map(readyOf)
      .find((ready) => ready?.pid === pid);
    if (found !== undefined || !goesOn) return found;
    await delay(POLL_MS);
  }
}

function readyOf(line: string): Ready | undefined {
  if (!line.startsWith('{"ready":true')) return undefined;
  try {
    return Ready.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}

/** What the log holds from there on. */
export function readFrom(file: string, fromBytes: number): string {
  const sizeBytes = logSizeBytes(file);
  // A log that has grown too large was put aside and begun anew.
  const start = sizeBytes < fromBytes ? 0 : fromBytes;
  const buffer = Buffer.alloc(sizeBytes - start);
  if (buffer.length === 0) return '';
  const descriptor = openSync(file, 'r');
  try {
    return buffer.toString('utf8', 0, readSync(descriptor, buffer, 0, buffer.length, start));
  } finally {
    closeSync(descriptor);
  }
}
