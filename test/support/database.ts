import { randomBytes } from 'node:crypto';
import { inject } from 'vitest';
import { createDatabase, dropDatabase } from '../../src/platform/services/postgres-databases.ts';
import { openStore } from '../../src/store/database.ts';
import type { Store } from '../../src/store/database.ts';

export interface TestDatabase {
  readonly url: string;
  drop(): Promise<void>;
}

/** A database of the test file's own, with the store's tables in it. */
export const createTestDatabase = (): Promise<TestDatabase> => copyOf(inject('templateDatabase'));

/** A database of the test file's own, with nothing in it. */
export const createEmptyTestDatabase = (): Promise<TestDatabase> => copyOf(undefined);

async function copyOf(template: string | undefined): Promise<TestDatabase> {
  const adminUrl = inject('postgresUrl');
  const name = `test_${randomBytes(8).toString('hex')}`;
  const url = await createDatabase(adminUrl, name, template);
  return { url, drop: () => dropDatabase(adminUrl, name) };
}

/** A store on a database of the test file's own. */
export async function openTestStore(): Promise<{ store: Store; close(): Promise<void> }> {
  const database = await createTestDatabase();
  const store = openStore({ url: database.url });
  const close = async (): Promise<void> => {
    await store.close();
    await database.drop();
  };
  return { store, close };
}
