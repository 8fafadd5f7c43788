import { canonicalJson } from '../domain/arguments/canonical-json.ts';
import type { JsonValue } from '../domain/arguments/json-value.ts';
import type { PolicyLayer, PolicyLayerName } from '../domain/policy/policy-schema.ts';
import type { Scope } from '../domain/schemas/names.ts';
import { auditParameters } from './audit-events.ts';
import type { NewAuditEvent } from './audit-events.ts';
import { execute, storedBy } from './database.ts';
import type { Store } from './database.ts';

/** The project of the deployment's layer, which holds for every project of the tenant. */
const EVERY_PROJECT = '*';

/** One version of a layer. */
export interface PolicyLayerVersion {
  readonly layer: PolicyLayer;
  readonly digest: string;
  readonly putBy: string;
  readonly putAt: number;
}

type Slot = 'enforced' | 'shadow';

/** A layer that is tried in the shadow stands beside the one that holds, not in its place. */
const slotOf = (layer: PolicyLayer): Slot =>
  (layer as { readonly mode?: string }).mode === 'shadow' ? 'shadow' : 'enforced';

const projectOf = (scope: Scope, name: PolicyLayerName): string =>
  name === 'deployment' ? EVERY_PROJECT : scope.project;

const PUT = {
  name: 'put_policy_layer_2',
  text: 'SELECT put_policy_layer($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) AS stored',
};

/** From its return on, it is the layer of its name; what was there stays in the history. False: it was that before, and nothing is told. */
export async function putPolicyLayer(
  store: Store,
  scope: Scope,
  layer: PolicyLayer,
  digest: string,
  by: { readonly principal: string; readonly nowMs: number },
  told: NewAuditEvent,
): Promise<boolean> {
  return storedBy(store, PUT, [
    scope.tenant,
    projectOf(scope, layer.name),
    layer.name,
    slotOf(layer),
    digest,
    canonicalJson(layer as unknown as JsonValue),
    by.principal,
    by.nowMs,
    ...auditParameters(scope.tenant, [told]),
  ]);
}

interface LayerRow {
  readonly digest: string;
  readonly body: string;
  readonly put_by: string;
  readonly put_at: number;
}

/** Written by this program from a layer that it had checked; whoever evaluates it compiles, and so checks, it again. */
const versionFrom = (row: LayerRow): PolicyLayerVersion => ({
  layer: JSON.parse(row.body) as PolicyLayer,
  digest: row.digest,
  putBy: row.put_by,
  putAt: row.put_at,
});

const CURRENT = {
  name: 'current_policy_layers_1',
  text: `SELECT p.digest, p.body, p.put_by, p.put_at FROM (
      SELECT DISTINCT ON (l.project, l.name, l.slot) l.* FROM policy_layers l
       WHERE l.tenant = $1 AND l.project IN ('*', $2) ORDER BY l.project, l.name, l.slot, l.id DESC) p
    ORDER BY p.project <> '*', p.name, p.slot`,
};

/** What holds now for a project, the deployment's layer first; enforced ones before those in the shadow. */
export async function currentPolicyVersions(store: Store, scope: Scope): Promise<PolicyLayerVersion[]> {
  const rows = (await execute(store, CURRENT, [scope.tenant, scope.project])) as LayerRow[];
  return rows.map(versionFrom);
}

/** As {@link currentPolicyVersions}, the layers alone. */
export async function currentPolicyLayers(store: Store, scope: Scope): Promise<PolicyLayer[]> {
  return (await currentPolicyVersions(store, scope)).map(({ layer }) => layer);
}

const HISTORY = {
  name: 'policy_layer_history_1',
  text: `SELECT p.digest, p.body, p.put_by, p.put_at FROM policy_layers p
    WHERE p.tenant = $1 AND p.project = $2 AND p.name = $3 ORDER BY p.id DESC LIMIT $4`,
};

/** Versions of a layer, newest first, of both slots. */
export async function policyLayerHistory(
  store: Store,
  scope: Scope,
  name: PolicyLayerName,
  { limit }: { readonly limit: number },
): Promise<PolicyLayerVersion[]> {
  const rows = await execute(store, HISTORY, [scope.tenant, projectOf(scope, name), name, limit]);
  return (rows as LayerRow[]).map(versionFrom);
}
