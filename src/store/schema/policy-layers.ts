import { bigint, index, pgTable, text } from 'drizzle-orm/pg-core';
import type { PolicyLayerName } from '../../domain/policy/policy-schema.ts';
import { epochMs } from './columns.ts';

/** Every version of the deployment's and the projects' policies. The last one of a slot holds. */
export const policyLayers = pgTable(
  'policy_layers',
  {
    id: bigint({ mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    tenant: text().notNull(),
    /** `*`: the deployment's, which holds for every project of the tenant. */
    project: text().notNull(),
    name: text().$type<PolicyLayerName>().notNull(),
    /** A version can be tried in the shadow of the one that holds. */
    slot: text().$type<'enforced' | 'shadow'>().notNull(),
    digest: text().notNull(),
    /** Canonical JSON. */
    body: text().notNull(),
    putBy: text('put_by').notNull(),
    putAt: epochMs('put_at').notNull(),
  },
  (layer) => [index('policy_layers_of_slot').on(layer.tenant, layer.project, layer.name, layer.slot, layer.id)],
);
