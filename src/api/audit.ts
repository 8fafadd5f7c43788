/** What belongs to no run is told in the chain of its tenant. */
import { appendAudit } from '../store/audit-events.ts';
import type { JsonValue } from '../domain/arguments/json-value.ts';
import type { Api, Caller } from './dependencies.ts';

/** Ids, names and times only: what people wrote is with the thing itself. */
export type AuditData = Readonly<Record<string, JsonValue>>;

export async function audit(api: Api, caller: Caller, type: string, nowMs: number, data: AuditData): Promise<void> {
  const { tenant, project } = caller.scope;
  await appendAudit(api.store, tenant, [{ type, at: nowMs, actor: caller.actor, data: { project, ...data } }]);
}
