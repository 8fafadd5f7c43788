/** What belongs to no run is told in the chain of its tenant. */
import { appendAudit } from '../store/audit-events.ts';
import type { NewAuditEvent } from '../store/audit-events.ts';
import type { JsonValue } from '../domain/arguments/json-value.ts';
import type { Api, Caller } from './dependencies.ts';

/** Ids, names and times only: what people wrote is with the thing itself. */
type AuditData = Readonly<Record<string, JsonValue>>;

/** An event of the caller's doing. What changes something in the store takes it along, into the same transaction. */
export const told = (caller: Caller, type: string, nowMs: number, data: AuditData): NewAuditEvent => ({
  type,
  at: nowMs,
  actor: caller.actor,
  data: { project: caller.scope.project, ...data },
});

/** Tells what changed nothing in the store. */
export async function audit(api: Api, caller: Caller, type: string, nowMs: number, data: AuditData): Promise<void> {
  await appendAudit(api.store, caller.scope.tenant, [told(caller, type, nowMs, data)]);
}
