import type { RunEventView } from '../src/contract/events.ts';
import type { Caller } from './replicas.ts';

const PAGE = 100;

/** All that a run has told. */
export const readEvents = async (caller: Caller, runId: string): Promise<readonly RunEventView[]> => {
  const all: RunEventView[] = [];
  for (;;) {
    const after = all.at(-1)?.seq ?? 0;
    const path = `/v1/runs/${runId}/events?after=${after}&limit=${PAGE}`;
    const { data = [] } = (await caller.request<{ data?: RunEventView[] }>('GET', path)).body;
    all.push(...data);
    if (data.length < PAGE) return all;
  }
};
