/** Tells that somebody who may decide an approval has looked at it whole: once a person and revision. */
import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { ApprovalRow } from '../../store/approvals.ts';
import { appendEvents } from '../../store/events.ts';
import type { Api, Caller } from '../dependencies.ts';

const REMEMBERED = 10_000;

/** What this replica has told: spares the store a write that it would ignore. */
const told = new LRUCache<string, true>({ max: REMEMBERED });

/** The store ignores what it has already: any replica may tell it again. */
export async function tellShown(api: Api, caller: Caller, approval: ApprovalRow): Promise<void> {
  const { tenant, project, rootRunId, runId, approvalId, key, revision, digest } = approval;
  const who = createHash('sha256').update(caller.actor.principal).digest('base64url').slice(0, 22);
  const origin = `shown:${key}:${revision}:${who}`;
  const name = `${tenant}/${project}/${runId} ${origin}`;
  if (told.has(name)) return;
  const at = await api.clock.nowMs();
  await appendEvents(api.store, {
    tenant,
    project,
    rootRunId,
    runId,
    origin,
    events: [
      {
        ordinal: 1,
        event: {
          type: 'approval.shown',
          at,
          data: { approvalId, revision, actor: caller.actor, channel: caller.channel, digest },
        },
      },
    ],
    onlyIfUnfinished: true,
  });
  told.set(name, true);
}
