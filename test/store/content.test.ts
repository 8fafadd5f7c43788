import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { digestOf } from '../../src/domain/core/digest.ts';
import { AgentDefinition } from '../../src/domain/schemas/agent.ts';
import { makeBlob, putBlobs, readBlobs } from '../../src/store/blobs.ts';
import type { NewBlob } from '../../src/store/blobs.ts';
import { anyCredentialExists, createCredential, findCredential, touchCredential } from '../../src/store/credentials.ts';
import type { NewCredential } from '../../src/store/credentials.ts';
import type { Store } from '../../src/store/database.ts';
import { currentAgent, getDefinition, listAgents, putDefinition } from '../../src/store/definitions.ts';
import { settleEffect } from '../../src/store/effects.ts';
import { createRun } from '../../src/store/run-rows.ts';
import { StoreCorruptionError } from '../../src/store/store-error.ts';
import { openTestStore } from '../support/database.ts';
import { newRun, NOW, otherScopes, scope } from './fixtures.ts';

let store: Store;
let close: () => Promise<void>;

beforeAll(async () => {
  ({ store, close } = await openTestStore());
});
afterAll(() => close());

test('blobs come back as they were, to their tenant only, in any number', async () => {
  const values = ['text \u0000 🙂', { b: [1, null, true], a: { é: -0.5 } }, null, ['']];
  const blobs = values.map(makeBlob);
  await putBlobs(store, 'acme', blobs);
  await putBlobs(store, 'acme', blobs.toReversed());
  await putBlobs(store, 'acme', []);
  const hashes = blobs.map((blob) => blob.ref.sha256);
  store.blobCache.clear();

  const read = await readBlobs(store, 'acme', [...hashes, digestOf('nothing').slice(7)]);
  expect(read).toEqual(new Map(hashes.map((hash, index) => [hash, values[index]])));
  expect(await readBlobs(store, 'rival', hashes)).toEqual(new Map());
  expect(await readBlobs(store, 'acme', [])).toEqual(new Map());
});

test('who has stored a blob reads it without asking; others, and for a large one everybody, ask', async () => {
  const blobs = ['put', 'created', 'settled', 'x'.repeat(300_000)].map(makeBlob);
  const [put, created, settled, large] = blobs as [NewBlob, NewBlob, NewBlob, NewBlob];
  const run = newRun({ idempotencyKey: 'remembered' });
  const repeated = makeBlob('never stored');
  const hashes = [...blobs, repeated].map(({ ref }) => ref.sha256);
  await putBlobs(store, 'acme', [put, large]);
  await createRun(store, run, [created]);
  await createRun(store, run, [repeated]);
  await settleEffect(store, {
    tenant: 'acme',
    effectKey: 'eff_none',
    epoch: 1,
    nonce: 'n',
    outcome: { type: 'completed', resultRef: settled.ref },
    blobs: [settled],
    nowMs: NOW,
  });
  const asked = vi.spyOn(store.pool, 'query');
  const read = await readBlobs(store, 'acme', hashes.slice(0, 3));
  expect([...read.values()]).toEqual(['put', 'created', 'settled']);
  expect(asked).not.toHaveBeenCalled();
  expect((await readBlobs(store, 'acme', [large.ref.sha256])).size).toBe(1);
  expect(asked).toHaveBeenCalledTimes(1);
  expect((await readBlobs(store, 'acme', hashes)).size).toBe(4);
  expect(await readBlobs(store, 'rival', hashes)).toEqual(new Map());
  expect(asked).toHaveBeenCalledTimes(3);
  asked.mockRestore();
});

test('a blob whose transaction failed is not remembered', async () => {
  const blob = makeBlob('lost');
  const taken = newRun();
  await createRun(store, taken, []);
  const rival = { ...newRun({ runId: taken.runId }), tenant: 'rival' };
  await expect(createRun(store, rival, [blob])).rejects.toThrow();
  expect(await readBlobs(store, 'rival', [blob.ref.sha256])).toEqual(new Map());
});

test('equal content has different commitments', () => {
  expect(makeBlob('yes').ref.sha256).not.toBe(makeBlob('yes').ref.sha256);
});

test('a blob that is not what its hash says is not handed out', async () => {
  const blob = makeBlob('approved');
  await putBlobs(store, 'acme', [blob]);
  await store.pool.query('UPDATE blobs SET body = set_byte(body, 20, 65) WHERE sha256 = $1', [
    Buffer.from(blob.ref.sha256, 'hex'),
  ]);
  store.blobCache.clear();
  await expect(readBlobs(store, 'acme', [blob.ref.sha256])).rejects.toBeInstanceOf(StoreCorruptionError);
});

test('what readers share cannot be changed by one of them', async () => {
  const blob = makeBlob({ list: [1] });
  await putBlobs(store, 'acme', [blob]);
  const value = (await readBlobs(store, 'acme', [blob.ref.sha256])).get(blob.ref.sha256) as { list: number[] };
  expect(() => value.list.push(2)).toThrow(TypeError);
});

test('the cache of blobs is bounded by bytes', async () => {
  const blobs = Array.from({ length: 9 }, () => makeBlob('x'.repeat(4 * 1024 * 1024)));
  await putBlobs(store, 'acme', blobs);
  for (const { ref } of blobs) expect((await readBlobs(store, 'acme', [ref.sha256])).size).toBe(1);
  expect(store.blobCache.calculatedSize).toBeLessThanOrEqual(32 * 1024 * 1024);
  expect(store.blobCache.size).toBe(7);
});

const definition = (changes: object = {}) =>
  AgentDefinition.parse({
    v: 1,
    name: 'refunds',
    model: 'scripted/refunds',
    instructions: 'Refund politely.',
    tools: [],
    policy: [],
    policyDigest: digestOf('policy'),
    limits: {},
    ...changes,
  });

test('a definition is pinned by digest; the newest is what new runs get', async () => {
  const [first, second] = [definition(), definition({ instructions: 'Refund briskly.' })];
  await putDefinition(store, scope, first, digestOf('first'));
  await putDefinition(store, scope, second, digestOf('second'));
  await putDefinition(store, scope, definition({ name: 'deploys' }), digestOf('deploys'));
  expect(await currentAgent(store, scope, 'refunds')).toEqual({
    name: 'refunds',
    digest: digestOf('second'),
    definition: second,
  });
  // From the table and from the cache.
  for (let time = 0; time < 2; time += 1) {
    expect(await getDefinition(store, scope, digestOf('first'))).toEqual(first);
  }
  expect((await listAgents(store, scope)).map(({ name }) => name)).toEqual(['deploys', 'refunds']);

  await putDefinition(store, scope, first, digestOf('first'));
  expect(await currentAgent(store, scope, 'refunds')).toMatchObject({ digest: digestOf('first') });
  expect(await getDefinition(store, scope, digestOf('nothing'))).toBeUndefined();
  for (const other of otherScopes) {
    expect(await getDefinition(store, other, digestOf('first'))).toBeUndefined();
    expect(await currentAgent(store, other, 'refunds')).toBeUndefined();
    expect(await listAgents(store, other)).toEqual([]);
  }
});

test('a credential is found by its id, and its use is noted to the minute', async () => {
  expect(await anyCredentialExists(store)).toBe(false);
  const credential: NewCredential = {
    id: 'k1',
    tenant: 'acme',
    projects: ['shop', 'ops'],
    principal: 'ada',
    kind: 'person',
    roles: ['admin', 'approver'],
    groups: [],
    secretHash: 'hash',
    createdBy: null,
    createdAt: NOW,
    expiresAt: null,
    revokedAt: null,
    lastUsedAt: null,
  };
  await createCredential(store, credential);
  expect(await anyCredentialExists(store)).toBe(true);
  expect(await findCredential(store, 'k1')).toMatchObject({ ...credential, channel: 'api', makers: [] });
  expect(await findCredential(store, 'k2')).toBeUndefined();

  for (const [nowMs, noted] of [
    [NOW, NOW],
    [NOW + 59_000, NOW],
    [NOW + 60_000, NOW + 60_000],
  ] as const) {
    await touchCredential(store, 'k1', nowMs);
    expect(await findCredential(store, 'k1')).toMatchObject({ lastUsedAt: noted });
  }
});
