import { and, desc, eq, isNotNull, isNull } from 'drizzle-orm';
import { auditParameters } from './audit-events.ts';
import type { NewAuditEvent } from './audit-events.ts';
import { execute, storedBy } from './database.ts';
import type { Store } from './database.ts';
import { decodeRow } from './decode-row.ts';
import { brakeBypasses, brakes } from './schema/brakes.ts';
import { storableText } from './storable-text.ts';

/** A kill switch. A null names everything: every project of the tenant, every agent, every tool. */
export interface BrakeRow {
  readonly brakeId: string;
  readonly tenant: string;
  readonly project: string | null;
  readonly agent: string | null;
  readonly tool: string | null;
  /** Shown to operators. */
  readonly reason: string;
  readonly createdBy: string;
  readonly createdAt: number;
  readonly releasedAt: number | null;
  readonly releasedBy: string | null;
}

/** Calls that a brake lets through for a time: those that all of it is true of. */
export interface BypassRow {
  readonly bypassId: string;
  readonly brakeId: string;
  readonly tenant: string;
  readonly project: string | null;
  readonly agent: string | null;
  readonly tool: string | null;
  readonly runId: string | null;
  readonly until: number;
  readonly reason: string;
  readonly createdBy: string;
  readonly createdAt: number;
  readonly endedAt: number | null;
}

const SET = { name: 'set_brake_2', text: 'SELECT set_brake($1, $2, $3, $4) AS stored' };

/**
 * Puts a brake on: from its return on, nothing that it names is reserved. False where there is one of this id already: it
 * stands, and nothing is told.
 */
export async function setBrake(store: Store, brake: BrakeRow, told: NewAuditEvent): Promise<boolean> {
  const row = {
    tenant: brake.tenant,
    brake_id: brake.brakeId,
    project: brake.project,
    agent: brake.agent,
    tool: brake.tool,
    reason: storableText(brake.reason),
    created_by: storableText(brake.createdBy),
    created_at: brake.createdAt,
  };
  return storedBy(store, SET, [JSON.stringify(row), ...auditParameters(brake.tenant, [told])]);
}

const RELEASE = {
  name: 'release_brake_2',
  text: 'SELECT b.* FROM release_brake($1, $2, $3, $4, $5, $6, $7) b',
};

/** Takes a brake off. Undefined where there is none to take off, or it was off before. */
export async function releaseBrake(
  store: Store,
  tenant: string,
  brakeId: string,
  by: { readonly principal: string; readonly nowMs: number },
  told: NewAuditEvent,
): Promise<BrakeRow | undefined> {
  const values = [tenant, brakeId, storableText(by.principal), by.nowMs, ...auditParameters(tenant, [told])];
  const [row] = await execute(store, RELEASE, values);
  return row === undefined ? undefined : decodeRow(brakes, row);
}

/** Brakes of a tenant, newest first. `active`: only those that are on, or only those that are off. */
export async function listBrakes(
  store: Store,
  tenant: string,
  { active }: { readonly active?: boolean } = {},
): Promise<BrakeRow[]> {
  const isActive = active === undefined ? undefined : (active ? isNull : isNotNull)(brakes.releasedAt);
  return store.database
    .select()
    .from(brakes)
    .where(and(eq(brakes.tenant, tenant), isActive))
    .orderBy(desc(brakes.createdAt), desc(brakes.brakeId));
}

const ADD_BYPASS = { name: 'add_bypass_1', text: 'SELECT add_bypass($1, $2, $3, $4) AS stored' };

/** Lets calls through a brake for a time. False where there is one of this id already: it stands, and nothing is told. */
export async function addBypass(store: Store, bypass: BypassRow, told: NewAuditEvent): Promise<boolean> {
  const row = {
    tenant: bypass.tenant,
    bypass_id: bypass.bypassId,
    brake_id: bypass.brakeId,
    project: bypass.project,
    agent: bypass.agent,
    tool: bypass.tool,
    run_id: bypass.runId,
    until: bypass.until,
    reason: storableText(bypass.reason),
    created_by: storableText(bypass.createdBy),
    created_at: bypass.createdAt,
    ended_at: bypass.endedAt,
  };
  return storedBy(store, ADD_BYPASS, [JSON.stringify(row), ...auditParameters(bypass.tenant, [told])]);
}

const END_BYPASS = {
  name: 'end_bypass_2',
  text: 'SELECT b.* FROM end_bypass($1, $2, $3, $4, $5, $6, $7) b',
};

/** The brake holds again, from the next dispatch on. Undefined where there is none to end, or it was ended before. */
export async function endBypass(
  store: Store,
  tenant: string,
  bypassId: string,
  by: { readonly principal: string; readonly nowMs: number },
  told: NewAuditEvent,
): Promise<BypassRow | undefined> {
  const values = [tenant, bypassId, storableText(by.principal), by.nowMs, ...auditParameters(tenant, [told])];
  const [row] = await execute(store, END_BYPASS, values);
  return row === undefined ? undefined : bypassFrom(decodeRow(brakeBypasses, row));
}

/** Bypasses of a brake, newest first. */
export async function listBypasses(store: Store, tenant: string, brakeId: string): Promise<BypassRow[]> {
  const rows = await store.database
    .select()
    .from(brakeBypasses)
    .where(and(eq(brakeBypasses.tenant, tenant), eq(brakeBypasses.brakeId, brakeId)))
    .orderBy(desc(brakeBypasses.createdAt), desc(brakeBypasses.bypassId));
  return rows.map(bypassFrom);
}

const bypassFrom = ({ endedBy: _, ...row }: typeof brakeBypasses.$inferSelect): BypassRow => row;
