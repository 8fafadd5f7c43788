// Who may do what changes together with the event that tells it, or not at all.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { digestOf } from '../../src/domain/core/digest.ts';
import type { PolicyLayer } from '../../src/domain/policy/policy-schema.ts';
import { readAudit } from '../../src/store/audit-events.ts';
import type { NewAuditEvent } from '../../src/store/audit-events.ts';
import { addBypass, endBypass, listBrakes, listBypasses, releaseBrake, setBrake } from '../../src/store/brakes.ts';
import type { Store } from '../../src/store/database.ts';
import { addDelegation, endDelegation, getDelegation } from '../../src/store/delegations.ts';
import { createGrant, getGrant, revokeGrant } from '../../src/store/grants.ts';
import { currentPolicyLayers, putPolicyLayer } from '../../src/store/policy-layers.ts';
import { openTestStore } from '../support/database.ts';
import { TOLD } from '../support/told.ts';
import { brakeOn, bypassOf, constraints, delegationOf, grantOf } from './changes.ts';
import { NOW, scope } from './fixtures.ts';

let store: Store;
let close: () => Promise<void>;

/** An event that the store does not take. */
const UNTELLABLE: NewAuditEvent = { ...TOLD, type: 'test.untellable' };

beforeAll(async () => {
  ({ store, close } = await openTestStore());
  await store.pool.query(`
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no room'; END $$;
    CREATE TRIGGER untellable BEFORE INSERT ON audit_events
      FOR EACH ROW WHEN (NEW.type = '${UNTELLABLE.type}') EXECUTE FUNCTION refuse()`);
});
afterAll(() => close());

const by = { principal: 'olga', nowMs: NOW + 5 };
const layer: PolicyLayer = { name: 'project', rules: [{ id: 'ask', match: '*', effect: 'ask' }] };

interface Change {
  /** What has to be there before. */
  readonly prepare?: (tenant: string) => Promise<unknown>;
  readonly make: (tenant: string, told: NewAuditEvent) => Promise<unknown>;
  readonly isMade: (tenant: string) => Promise<boolean>;
}

const brake = async (tenant: string) => (await listBrakes(store, tenant))[0];
const bypass = async (tenant: string) => (await listBypasses(store, tenant, 'brake-1'))[0];
const inTenant = (tenant: string) => ({ ...scope, tenant });
const setIn = (tenant: string, told = TOLD) => setBrake(store, brakeOn(tenant), told);
const bypassIn = (tenant: string, told = TOLD) => addBypass(store, bypassOf(tenant), told);
const grantIn = (tenant: string, told = TOLD) =>
  createGrant(store, grantOf({ tenant, grantId: 'grant' }), [constraints], told);
const delegateIn = (tenant: string, told = TOLD) =>
  addDelegation(store, delegationOf({ tenant, delegationId: 'dlg' }), told);

const CHANGES: Record<string, Change> = {
  'brake.set': { make: setIn, isMade: async (tenant) => (await brake(tenant)) !== undefined },
  'brake.released': {
    prepare: setIn,
    make: (tenant, told) => releaseBrake(store, tenant, 'brake-1', by, told),
    isMade: async (tenant) => (await brake(tenant))?.releasedBy === 'olga',
  },
  'brake.bypass_added': { make: bypassIn, isMade: async (tenant) => (await bypass(tenant)) !== undefined },
  'brake.bypass_ended': {
    prepare: bypassIn,
    make: (tenant, told) => endBypass(store, tenant, 'bypass-1', by, told),
    isMade: async (tenant) => (await bypass(tenant))?.endedAt === by.nowMs,
  },
  'grant.created': {
    make: grantIn,
    isMade: async (tenant) => (await getGrant(store, inTenant(tenant), 'grant'))?.state === 'live',
  },
  'grant.revoked': {
    prepare: grantIn,
    make: (tenant, told) => revokeGrant(store, inTenant(tenant), 'grant', by, told),
    isMade: async (tenant) => (await getGrant(store, inTenant(tenant), 'grant'))?.revokedBy === 'olga',
  },
  'delegation.created': {
    make: delegateIn,
    isMade: async (tenant) => (await getDelegation(store, inTenant(tenant), 'dlg')) !== undefined,
  },
  'delegation.ended': {
    prepare: delegateIn,
    make: (tenant, told) => endDelegation(store, inTenant(tenant), 'dlg', by, told),
    isMade: async (tenant) => (await getDelegation(store, inTenant(tenant), 'dlg'))?.endedBy === 'olga',
  },
  'policy.layer_put': {
    make: (tenant, told) => putPolicyLayer(store, inTenant(tenant), layer, digestOf('layer'), by, told),
    isMade: async (tenant) => (await currentPolicyLayers(store, inTenant(tenant))).length === 1,
  },
};

let count = 0;
const toldIn = async (tenant: string) =>
  (await readAudit(store, tenant, { after: 0, limit: 100 })).map(({ type }) => type);

describe.each(Object.entries(CHANGES))('S4 %s', (type, { prepare, make, isMade }) => {
  const told = { ...TOLD, type };
  const prepared = async () => {
    const tenant = `tenant-${(count += 1)}`;
    await prepare?.(tenant);
    const before = await toldIn(tenant);
    return { tenant, toldSince: async () => (await toldIn(tenant)).slice(before.length) };
  };

  test('is told with the change, and once, however often and at once it is made', async () => {
    const { tenant, toldSince } = await prepared();
    await Promise.all([1, 2, 3, 4, 5].map(() => make(tenant, told)));
    expect(await isMade(tenant)).toBe(true);
    await make(tenant, told);
    expect(await toldSince()).toEqual([type]);
  });

  test('that cannot be told is not made', async () => {
    const { tenant, toldSince } = await prepared();
    await expect(make(tenant, UNTELLABLE)).rejects.toThrow('no room');
    expect(await isMade(tenant)).toBe(false);
    expect(await toldSince()).toEqual([]);
    await make(tenant, told);
    expect(await isMade(tenant)).toBe(true);
  });
});
