import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeBlob, readBlobs } from '../../src/store/blobs.ts';
import { readCommands, recordCommand } from '../../src/store/commands.ts';
import type { CommandRecord } from '../../src/store/commands.ts';
import { openStore } from '../../src/store/database.ts';
import type { Store } from '../../src/store/database.ts';
import { createTestDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';
import { newRunId, NOW, otherScopes, scope } from './fixtures.ts';

let database: TestDatabase;
let store: Store;

beforeAll(async () => {
  database = await createTestDatabase();
  store = openStore({ url: database.url });
});
afterAll(async () => {
  await store.close();
  await database.drop();
});

let count = 0;
const commandOf = (runId: string | null, changes: Partial<CommandRecord> = {}): CommandRecord => {
  count += 1;
  return {
    ...scope,
    runId,
    type: 'decide',
    principal: 'grace',
    iat: NOW,
    signatureId: `jti-${count}`,
    contributes: false,
    signed: { bytes: '{"type":"decide","note":"é\\u0000"}', jws: 'a.b.c' },
    ...changes,
  };
};

test('commands are kept as they were signed, with their content, in the order of their signatures', async () => {
  const runId = newRunId();
  const blob = makeBlob({ text: 'Because.' });
  const second = commandOf(runId, { iat: NOW + 1, signatureId: 'b', contributes: true });
  const third = commandOf(runId, { iat: NOW + 1, signatureId: 'c', type: 'block' });
  const first = commandOf(runId);
  await recordCommand(store, third, [blob]);
  await recordCommand(store, second);
  await recordCommand(store, first);
  await recordCommand(store, commandOf(newRunId()));
  await recordCommand(store, commandOf(null, { type: 'grant' }));
  expect(await readCommands(store, scope, runId)).toEqual([first, second, third]);
  for (const other of otherScopes) expect(await readCommands(store, other, runId)).toEqual([]);

  // Another process, with nothing in its cache.
  const another = openStore({ url: database.url });
  expect((await readBlobs(another, scope.tenant, [blob.ref.sha256])).size).toBe(1);
  await another.close();
});

test('the same signature again changes nothing, and takes nothing from another tenant', async () => {
  const record = commandOf(newRunId());
  await recordCommand(store, record);
  await recordCommand(store, { ...record, principal: 'eve' });
  expect(await readCommands(store, scope, record.runId ?? '')).toEqual([record]);
  const foreign = { ...record, tenant: 'rival', runId: newRunId() };
  await recordCommand(store, foreign);
  expect(await readCommands(store, foreign, foreign.runId)).toEqual([foreign]);
});
