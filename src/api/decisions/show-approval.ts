/** Tells that somebody who may decide an approval has looked at it whole: once a person and revision. */
import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { appendFromOutside } from '../../store/append-from-outside.ts';
import type { ApprovalRow } from '../../store/approvals.ts';
import type { Api, Caller } from '../dependencies.ts';

const REMEMBERED = 10_000;

/** What this replica has told: spares the store a write that it would ignore. */
const told = new LRUCache<string, true>({ max: REMEMBERED });

/** The store ignores what it has already: any replica may tell it again. */
export async function tellShown(api: Api, caller: Caller, approval: ApprovalRow): Promise<void> {
  const { tenant, project, runId, approvalId, key, revision, digest } = approval;
  const who = createHash('sha256').update(caller.actor.principal).digest('base64url').slice(0, 22);
  const origin = `shown:${key}:${revision}:${who}`;
  const name = `${tenant}/${project}/${runId} ${origin}`;
  if (told.has(name)) return;
  const at = await api.clock.nowMs();
  const data = { approvalId, revision, actor: caller.actor, channel: caller.channel, digest };
  await appendFromOutside(api.store, approval, origin, [{ type: 'approval.shown', at, data }]);
  told.set(name, true);
}
