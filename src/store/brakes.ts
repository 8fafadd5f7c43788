import { and, desc, eq, isNotNull, isNull } from 'drizzle-orm';
import { execute } from './database.ts';
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

const SET = { name: 'set_brake_1', text: 'SELECT set_brake($1)' };

/** Puts a brake on: from its return on, nothing that it names is reserved. The first one under an id stands. */
export async function setBrake(store: Store, brake: BrakeRow): Promise<void> {
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
  await execute(store, SET, [JSON.stringify(row)]);
}

const RELEASE = {
  name: 'release_brake_1',
  text: `UPDATE brakes b SET released_at = $4, released_by = $3
    WHERE b.tenant = $1 AND b.brake_id = $2 AND b.released_at IS NULL RETURNING b.*`,
};

/** Takes a brake off. Undefined where there is none to take off, or it was off before. */
export async function releaseBrake(
  store: Store,
  tenant: string,
  brakeId: string,
  by: { readonly principal: string; readonly nowMs: number },
): Promise<BrakeRow | undefined> {
  const [row] = await execute(store, RELEASE, [tenant, brakeId, storableText(by.principal), by.nowMs]);
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

/** Lets calls through a brake for a time. The first one under an id stands. */
export async function addBypass(store: Store, bypass: BypassRow): Promise<void> {
  const row = { ...bypass, reason: storableText(bypass.reason), createdBy: storableText(bypass.createdBy) };
  await store.database.insert(brakeBypasses).values(row).onConflictDoNothing();
}

const END_BYPASS = {
  name: 'end_bypass_1',
  text: `UPDATE brake_bypasses b SET ended_at = $4, ended_by = $3
    WHERE b.tenant = $1 AND b.bypass_id = $2 AND b.ended_at IS NULL RETURNING b.*`,
};

/** The brake holds again, from the next dispatch on. Undefined where there is none to end, or it was ended before. */
export async function endBypass(
  store: Store,
  tenant: string,
  bypassId: string,
  by: { readonly principal: string; readonly nowMs: number },
): Promise<BypassRow | undefined> {
  const [row] = await execute(store, END_BYPASS, [tenant, bypassId, storableText(by.principal), by.nowMs]);
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
