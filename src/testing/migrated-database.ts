/** Databases with the store's tables in them. */
import { randomBytes } from 'node:crypto';
import { createDatabase } from '../platform/services/postgres-databases.ts';
import { migrateStore } from '../store/migrate.ts';

/** Gives its URL. Copied from the template where there is one, which takes a fraction of the time. */
export async function createMigratedDatabase(adminUrl: string, name: string, template?: string): Promise<string> {
  const url = await createDatabase(adminUrl, name, template);
  if (template === undefined) await migrateStore(url);
  return url;
}

/** A database to copy others from; gives its name. */
export async function createTemplateDatabase(adminUrl: string): Promise<string> {
  const name = `template_${randomBytes(8).toString('hex')}`;
  await createMigratedDatabase(adminUrl, name);
  return name;
}
