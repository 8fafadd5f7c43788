/** Reads a run's whole log and holds it against the head that the run names. */
import type { CountersignClient } from '../../client/index.ts';

const PAGE = 100;

export type ChainReading = { readonly ok: true } | { readonly ok: false; readonly problem: string };

/** That each link holds is for whoever has the hashed bytes; readers see gaps, and an end that is not the head. */
export async function readChain(client: CountersignClient, runId: string, signal: AbortSignal): Promise<ChainReading> {
  const { eventSeq, headHash } = await client.runs.get(runId, { signal });
  let after = 0;
  let lastHash = '';
  while (after < eventSeq) {
    const { data } = await client.runs.eventPage(runId, { after, limit: PAGE }, { signal });
    if (data.length === 0) return { ok: false, problem: `event ${after + 1} is missing` };
    for (const event of data) {
      if (event.seq !== after + 1) return { ok: false, problem: `event ${event.seq} follows ${after}` };
      after = event.seq;
      lastHash = event.hash;
    }
  }
  return lastHash === headHash ? { ok: true } : { ok: false, problem: 'its last hash is not the head' };
}
