import type { PolicyLayerVersion as LayerView, StoredLayerName } from '../../contract/policy.ts';
import type { PolicyLayerVersion } from '../../store/policy-layers.ts';
import { timestamp } from '../views/time.ts';

export const layerPath = (name: StoredLayerName): string => `/v1/policy/layers/${name}`;

const isStored = (name: string): name is StoredLayerName => name === 'deployment' || name === 'project';

/** None for a layer of another name: agents and tools bring theirs along. */
export function layerView({ layer, digest, putBy, putAt }: PolicyLayerVersion): LayerView[] {
  const { name, mode = 'enforce', rules } = layer;
  if (!isStored(name)) return [];
  return [{ name, mode, rules, digest, putBy, putAt: timestamp(putAt), links: { self: layerPath(name) } }];
}
