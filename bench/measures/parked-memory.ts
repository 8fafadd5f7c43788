/** What runs that wait for a person cost the process that serves them. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Sizes } from '../options.ts';
import type { ParkOrder, ParkReport } from '../parked/messages.ts';
import { say } from '../progress.ts';
import type { Services } from '../services.ts';

const PROGRAM = fileURLToPath(new URL('../parked/main.ts', import.meta.url));

export interface ParkedMemory extends ParkReport {
  readonly parkedRuns: number;
  readonly rssBytesPer1000Runs: number;
  readonly heapBytesPer1000Runs: number;
}

export const measureParkedMemory = async (services: Services, sizes: Sizes): Promise<ParkedMemory> => {
  const { parkedBefore, parkedRuns } = sizes;
  const { postgresUrl, temporalAddress } = services;
  say(`d     parking ${parkedBefore} runs, then ${parkedRuns} more, in a process of their own`);
  const child = fork(PROGRAM, { execArgv: ['--expose-gc'] });
  const exited = once(child, 'exit');
  const reported = once(child, 'message') as Promise<[ParkReport]>;
  const order: ParkOrder = { postgresUrl, temporalAddress, parkedBefore, parkedRuns };
  child.send(order);
  try {
    const failed = exited.then(([code]) => {
      throw new Error(`The process that parks runs ended early, with ${String(code)}.`);
    });
    const [report] = await Promise.race([reported, failed]);
    await exited;
    const per1000 = (bytes: number) => (bytes * 1_000) / parkedRuns;
    return {
      ...report,
      parkedRuns,
      rssBytesPer1000Runs: per1000(report.rssBytesAfter - report.rssBytesBefore),
      heapBytesPer1000Runs: per1000(report.heapBytesAfter - report.heapBytesBefore),
    };
  } finally {
    child.kill();
  }
};
