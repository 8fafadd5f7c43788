/** A process of its own, with nothing in its memory but Countersign and the runs parked in it. */
import { openOurs } from '../ours/open-ours.ts';
import type { Ours } from '../ours/open-ours.ts';
import { completeMany } from '../measures/throughput.ts';
import type { ParkOrder, ParkReport } from './messages.ts';

const MAX_CACHED_WORKFLOWS = 50;
const CLIENTS = 16;

const park = (ours: Ours, runs: number): Promise<void> =>
  completeMany(CLIENTS, runs, async () => {
    const run = await ours.start(1);
    await run.pending(1);
    run.close();
  });

const memory = () => {
  globalThis.gc?.();
  globalThis.gc?.();
  const { rss, heapUsed, external } = process.memoryUsage();
  return { rss, heap: heapUsed + external };
};

const parkAndReport = async ({ parkedBefore, parkedRuns, ...services }: ParkOrder): Promise<void> => {
  const ours = await openOurs(services, { maxCachedWorkflows: MAX_CACHED_WORKFLOWS });
  await park(ours, parkedBefore);
  const before = memory();
  await park(ours, parkedRuns);
  const after = memory();
  const report: ParkReport = {
    maxCachedWorkflows: MAX_CACHED_WORKFLOWS,
    rssBytesBefore: before.rss,
    rssBytesAfter: after.rss,
    heapBytesBefore: before.heap,
    heapBytesAfter: after.heap,
  };
  process.send?.(report);
  await ours.stop();
  process.disconnect();
};

process.once('message', (order: ParkOrder) => void parkAndReport(order));
