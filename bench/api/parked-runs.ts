/** Runs that wait for one decision each, made before anything is measured. */
import { completeMany } from '../measures/throughput.ts';
import { AGENT } from '../ours/agent.ts';
import type { Installation } from './open-installation.ts';

export interface ParkedRun {
  readonly runId: string;
  readonly key: string;
  readonly digest: string;
}

const CLIENTS = 16;

interface Requested {
  readonly approval: { readonly key: string; readonly digest: string };
}

export async function parkRuns({ client }: Installation, count: number): Promise<ParkedRun[]> {
  const parked: ParkedRun[] = [];
  await completeMany(CLIENTS, count, async () => {
    const { runId } = await client.runs.start({ agent: AGENT, input: '1' });
    for await (const item of client.runs.events(runId)) {
      if (item.event !== 'event' || item.data.type !== 'approval.requested') continue;
      const { key, digest } = (item.data.data as unknown as Requested).approval;
      parked.push({ runId, key, digest });
      return;
    }
    throw new Error(`${runId} has ended without asking.`);
  });
  return parked;
}

/** Settles when all of them are over. */
export async function untilEnded({ client }: Installation, runs: readonly ParkedRun[]): Promise<void> {
  const waiting = [...runs];
  await completeMany(CLIENTS, runs.length, async () => {
    const run = waiting.pop();
    if (run) for await (const item of client.runs.events(run.runId)) if (item.event === 'stream.end') return;
  });
}
