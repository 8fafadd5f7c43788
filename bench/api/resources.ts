/** What processes cost: CPU time and memory, with all that they have started. Read from /proc, so on Linux only. */
import { readFileSync, readdirSync } from 'node:fs';

export interface Cost {
  readonly cpuMs: number;
  /** Memory that several share is counted in parts, where the system tells. */
  readonly memoryBytes: number;
}

/** Linux counts CPU time in hundredths of a second, whatever the machine. */
const TICK_MS = 10;
const KIB = 1_024;

const textOf = (path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // It has ended, or there is no /proc.
    return '';
  }
};

interface ProcessStat {
  readonly pid: number;
  readonly parent: number;
  readonly cpuMs: number;
}

function statOf(pid: number): ProcessStat | undefined {
  // The name in brackets may hold anything.
  const fields = textOf(`/proc/${pid}/stat`).split(') ').at(-1)?.split(' ');
  if (!fields || fields.length < 15) return undefined;
  // Its own, and that of children that have ended.
  const cpuTicks = fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0);
  return { pid, parent: Number(fields[1]), cpuMs: cpuTicks * TICK_MS };
}

function memoryOf(pid: number): number {
  const share = /^Pss: +(\d+) kB/m.exec(textOf(`/proc/${pid}/smaps_rollup`));
  const resident = /^VmRSS:\s+(\d+) kB/m.exec(textOf(`/proc/${pid}/status`));
  return Number((share ?? resident)?.[1] ?? 0) * KIB;
}

/** Of a process and its descendants; undefined where this system does not tell, or it is not ours to ask. */
export function costOf(pid: number | undefined): Cost | undefined {
  if (pid === undefined || textOf('/proc/self/stat') === '') return undefined;
  const all = readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? (statOf(Number(name)) ?? []) : []));
  const found = all.filter((one) => one.pid === pid);
  // Grows while it is walked.
  for (const { pid: parent } of found) found.push(...all.filter((one) => one.parent === parent));
  if (found.length === 0) return undefined;
  return {
    cpuMs: found.reduce((sum, one) => sum + one.cpuMs, 0),
    memoryBytes: found.reduce((sum, one) => sum + memoryOf(one.pid), 0),
  };
}
