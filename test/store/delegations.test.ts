// B10 Delegation: somebody else decides in one's place, for a time.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createCredential } from '../../src/store/credentials.ts';
import type { NewCredential } from '../../src/store/credentials.ts';
import type { Store } from '../../src/store/database.ts';
import {
  addDelegation,
  delegationsTo,
  endDelegation,
  getDelegation,
  listDelegations,
} from '../../src/store/delegations.ts';
import { openTestStore } from '../support/database.ts';
import { NOW, otherScopes, scope } from './fixtures.ts';
import { delegationOf } from './changes.ts';
import { TOLD } from '../support/told.ts';

let store: Store;
let close: () => Promise<void>;

beforeAll(async () => {
  ({ store, close } = await openTestStore());
});
afterAll(() => close());

let count = 0;
const keyOf = (principal: string, groups: string[], changes: Partial<NewCredential> = {}) => {
  count += 1;
  return createCredential(store, {
    id: `key_${count}`,
    tenant: scope.tenant,
    projects: [scope.project],
    principal,
    kind: 'person',
    roles: ['approver'],
    groups,
    secretHash: 'hash',
    createdBy: null,
    createdAt: NOW,
    expiresAt: null,
    revokedAt: null,
    lastUsedAt: null,
    ...changes,
  });
};

const to = (principal: string, nowMs = NOW) => delegationsTo(store, scope.tenant, scope.project, principal, nowMs);

describe('B10 who has handed their part to somebody', () => {
  test('with the groups of all their live keys for the project', async () => {
    await keyOf('ann', ['finance', 'support']);
    await keyOf('ann', ['finance', 'legal']);
    await keyOf('ann', ['revoked'], { revokedAt: NOW - 1 });
    await keyOf('ann', ['expired'], { expiresAt: NOW });
    await keyOf('ann', ['elsewhere'], { projects: ['ops'] });
    await keyOf('ann', ['another'], { tenant: 'rival' });
    await keyOf('ann', ['machine'], { kind: 'service' });
    await addDelegation(store, delegationOf({ from: 'ann', to: 'gus' }), TOLD);
    expect(await to('gus')).toEqual([{ from: 'ann', groups: ['finance', 'legal', 'support'] }]);
  });

  test('less what the delegation leaves out, and nothing that they do not have', async () => {
    await keyOf('ben', ['finance', 'support']);
    await addDelegation(store, delegationOf({ from: 'ben', to: 'hal', groups: ['finance', 'board'] }), TOLD);
    expect(await to('hal')).toEqual([{ from: 'ben', groups: ['finance'] }]);
  });

  test('several, each once', async () => {
    await keyOf('cleo', ['finance', 'legal']);
    await addDelegation(store, delegationOf({ from: 'cleo', to: 'ian', groups: ['finance'] }), TOLD);
    await addDelegation(store, delegationOf({ from: 'cleo', to: 'ian', groups: ['legal'] }), TOLD);
    await addDelegation(store, delegationOf({ from: 'no-key', to: 'ian' }), TOLD);
    expect(await to('ian')).toEqual([
      { from: 'cleo', groups: ['finance', 'legal'] },
      { from: 'no-key', groups: [] },
    ]);
  });

  test('until its end, one step far, in its project', async () => {
    const delegation = delegationOf({ from: 'dora', to: 'jane' });
    await addDelegation(store, delegation, TOLD);
    await addDelegation(store, delegationOf({ from: 'jane', to: 'kim' }), TOLD);
    expect(await to('jane', NOW + 59_999)).toHaveLength(1);
    expect(await to('jane', NOW + 60_000)).toEqual([]);
    expect(await to('kim')).toEqual([{ from: 'jane', groups: [] }]);
    for (const other of otherScopes)
      expect(await delegationsTo(store, other.tenant, other.project, 'jane', NOW)).toEqual([]);

    const by = { principal: 'dora', nowMs: NOW + 5 };
    const ended = { ...delegation, endedAt: NOW + 5, endedBy: 'dora' };
    expect(await endDelegation(store, scope, delegation.delegationId, by, TOLD)).toEqual(ended);
    expect(await endDelegation(store, scope, delegation.delegationId, by, TOLD)).toBeUndefined();
    expect(await to('jane')).toEqual([]);
  });
});

test('lists: newest first, in pages, filtered, of the project only; the first under an id stands', async () => {
  const first = delegationOf({ from: 'lea', to: 'max' });
  const second = delegationOf({ from: 'max', to: 'ned', groups: ['finance'] });
  await addDelegation(store, delegationOf({ from: 'x', to: 'y' }), TOLD);
  expect(await addDelegation(store, first, TOLD)).toBe(true);
  expect(await addDelegation(store, { ...first, to: 'eve' }, TOLD)).toBe(false);
  await addDelegation(store, second, TOLD);
  await endDelegation(store, scope, first.delegationId, { principal: 'lea', nowMs: NOW + 5 }, TOLD);
  const ended = { ...first, endedAt: NOW + 5, endedBy: 'lea' };
  const list = (filter: object) => listDelegations(store, scope, { principal: 'max', limit: 10, ...filter });
  expect(await list({})).toEqual([second, ended]);
  expect(await list({ limit: 1 })).toEqual([second]);
  expect(await list({ cursor: second })).toEqual([ended]);
  expect(await list({ activeAtMs: NOW })).toEqual([second]);
  expect(await getDelegation(store, scope, first.delegationId)).toEqual(ended);
  for (const other of otherScopes) {
    expect(await listDelegations(store, other, { limit: 10 })).toEqual([]);
    expect(await getDelegation(store, other, first.delegationId)).toBeUndefined();
    const by = { principal: 'eve', nowMs: NOW };
    expect(await endDelegation(store, other, second.delegationId, by, TOLD)).toBeUndefined();
  }
});
