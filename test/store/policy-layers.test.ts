import { afterAll, beforeAll, expect, test } from 'vitest';
import { digestOf } from '../../src/domain/core/digest.ts';
import type { PolicyLayer } from '../../src/domain/policy/policy-schema.ts';
import type { Store } from '../../src/store/database.ts';
import {
  currentPolicyLayers,
  currentPolicyVersions,
  policyLayerHistory,
  putPolicyLayer,
} from '../../src/store/policy-layers.ts';
import { openTestStore } from '../support/database.ts';
import { NOW, otherScopes, scope } from './fixtures.ts';
import { TOLD } from '../support/told.ts';

let store: Store;
let close: () => Promise<void>;

beforeAll(async () => {
  ({ store, close } = await openTestStore());
});
afterAll(() => close());

const layerOf = (name: PolicyLayer['name'], id: string, mode?: 'shadow' | 'off'): PolicyLayer => ({
  name,
  ...(mode && { mode }),
  rules: [{ id, match: '*', effect: 'ask' }],
});

const put = (layer: PolicyLayer, nowMs = NOW, of = scope) =>
  putPolicyLayer(store, of, layer, digestOf(JSON.stringify(layer)), { principal: 'root', nowMs }, TOLD);

test('the last version of each layer holds, the deployment’s first, one in the shadow beside it', async () => {
  expect(await currentPolicyLayers(store, scope)).toEqual([]);
  const project = layerOf('project', 'project-2');
  const deployment = layerOf('deployment', 'deployment-1');
  const shadow = layerOf('project', 'project-3', 'shadow');
  await put(layerOf('project', 'project-1'));
  await put(project, NOW + 1);
  await put(shadow, NOW + 2);
  await put(deployment, NOW + 3);
  expect(await currentPolicyLayers(store, scope)).toEqual([deployment, project, shadow]);
  expect((await currentPolicyVersions(store, scope))[1]).toEqual({
    layer: project,
    digest: digestOf(JSON.stringify(project)),
    putBy: 'root',
    putAt: NOW + 1,
  });

  const history = await policyLayerHistory(store, scope, 'project', { limit: 2 });
  expect(history.map(({ layer }) => layer)).toEqual([shadow, project]);

  // The deployment's holds in every project of the tenant, and in no other tenant's.
  const [rival, ops] = otherScopes as [typeof scope, typeof scope];
  expect(await currentPolicyLayers(store, ops)).toEqual([deployment]);
  expect(await currentPolicyLayers(store, rival)).toEqual([]);
  expect(await policyLayerHistory(store, ops, 'project', { limit: 9 })).toEqual([]);
});

test('the same again is no new version; to go back is one', async () => {
  const of = { tenant: 'again', project: 'shop' };
  const [one, two] = [layerOf('project', 'one'), layerOf('project', 'two', 'off')];
  expect(await put(one, NOW, of)).toBe(true);
  expect(await put(one, NOW + 1, of)).toBe(false);
  expect(await put(two, NOW + 2, of)).toBe(true);
  expect(await put(one, NOW + 3, of)).toBe(true);
  expect(await currentPolicyLayers(store, of)).toEqual([one]);
  const history = await policyLayerHistory(store, of, 'project', { limit: 9 });
  expect(history.map(({ putAt }) => putAt)).toEqual([NOW + 3, NOW + 2, NOW]);
});
