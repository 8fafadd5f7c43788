import { execute } from './database.ts';
import type { Store } from './database.ts';

const LIST = { name: 'list_tenants_1', text: 'SELECT h.tenant FROM audit_heads h ORDER BY h.tenant' };

/** Tenants that anything has ever happened in: each has an audit log. */
export async function listTenants(store: Store): Promise<string[]> {
  const rows = (await execute(store, LIST, [])) as { tenant: string }[];
  return rows.map(({ tenant }) => tenant);
}
