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

export async function parkRuns({ client }: Installation, count: number): Promise<ParkedRun[]> {
  const parked: ParkedRun[] = [];
  await completeMany(CLIENTS, count, async () => {
    const { runId } = await client.runs.start({ agent: AGENT, input: '1' });
    await client.runs.get(runId, { waitSeconds: 30 });
    const { data } = await client.approvals.listOfRun(runId, { status: 'pending' });
    const [pending] = data;
    if (!pending) throw new Error(`Nothing pends in ${runId}.`);
    parked.push({ runId, key: pending.key, digest: pending.digest });
  });
  return parked;
}
