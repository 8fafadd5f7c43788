/** Looks after runs that need somebody: what happened is read where it happened, outside the system. */
import { setTimeout as delay } from 'node:timers/promises';
import type { RunEventView } from '../src/contract/events.ts';
import type { Run } from '../src/contract/runs.ts';
import { readEffects } from './effects.ts';
import { readEvents } from './read-events.ts';
import type { Caller } from './replicas.ts';

export interface OperatorReport {
  markedDone: number;
  retried: number;
  failed: number;
  unblocked: number;
}

const LOOK_EVERY_MS = 500;

/** The newest word about each parked call. */
const parkedCalls = (events: readonly RunEventView[]): Map<string, { code: string; effectKey: string | undefined }> => {
  const parked = new Map<string, { code: string; effectKey: string | undefined }>();
  const keys = new Map<string, string>();
  for (const { type, data } of events) {
    const id = typeof data['toolCallId'] === 'string' ? data['toolCallId'] : '';
    if (type === 'tool.outcome_unknown') keys.set(id, String(data['effectKey']));
    if (type === 'run.blocked') parked.set(id, { code: String(data['code']), effectKey: keys.get(id) });
    if (type === 'effect.resolved' || type === 'effect.rechecked') parked.delete(id);
    if (type === 'run.unblocked') parked.delete('');
  }
  return parked;
};

export async function playOperator(
  caller: Caller,
  effectsFile: string,
  report: OperatorReport,
  stop: AbortSignal,
): Promise<void> {
  while (!stop.aborted) {
    const page = await caller.request<{ data?: Run[] }>('GET', '/v1/runs?status=needs_attention&limit=100');
    for (const run of page.body.data ?? []) {
      for (const [toolCallId, { code, effectKey }] of parkedCalls(await readEvents(caller, run.runId))) {
        if (toolCallId === '') {
          const { status } = await caller.request('POST', `/v1/runs/${run.runId}/unblock`, { note: 'Go on.' });
          if (status === 200) report.unblocked += 1;
          continue;
        }
        const happened =
          effectKey !== undefined && readEffects(effectsFile).some((line) => line.effectKey === effectKey);
        const resolution = code !== 'outcome_unknown' ? 'fail' : happened ? 'mark_done' : 'retry';
        const { status } = await caller.request('POST', `/v1/runs/${run.runId}/resolve`, {
          toolCallId,
          resolution,
          reason: happened ? 'It is in the file.' : 'It is not in the file.',
          ...(resolution === 'mark_done' && { result: { moved: 'yes' } }),
        });
        if (status !== 200) continue;
        if (resolution === 'mark_done') report.markedDone += 1;
        else if (resolution === 'retry') report.retried += 1;
        else report.failed += 1;
      }
    }
    await delay(LOOK_EVERY_MS);
  }
}
