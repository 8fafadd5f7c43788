/**
 * The deployment's and the project's policy of today, from the store. It is added to what a run has pinned, so it can only
 * tighten. Read at most every two seconds a project, whatever the number of calls.
 */
import { LRUCache } from 'lru-cache';
import { compilePolicy } from '../domain/policy/compile.ts';
import type { CompiledLayer } from '../domain/policy/compile.ts';
import type { Scope } from '../domain/schemas/names.ts';
import { currentPolicyLayers } from '../store/policy-layers.ts';
import type { Store } from '../store/database.ts';

const MAX_AGE_MS = 2_000;
const MAX_PROJECTS = 1_000;

export interface CurrentPolicies {
  /** Undefined where a stored layer cannot be read by this version: then nobody knows what it forbids. */
  read(scope: Scope): Promise<readonly CompiledLayer[] | undefined>;
}

interface Known {
  readonly layers: readonly CompiledLayer[] | undefined;
}

export const createCurrentPolicies = (store: Store): CurrentPolicies => {
  const cache = new LRUCache<string, Promise<Known>>({ max: MAX_PROJECTS, ttl: MAX_AGE_MS });

  const load = async (scope: Scope): Promise<Known> => {
    const layers = await currentPolicyLayers(store, scope);
    if (layers.length === 0) return { layers: [] };
    const compiled = compilePolicy(layers);
    return { layers: compiled.ok ? compiled.compiled : undefined };
  };

  return {
    async read({ tenant, project }) {
      const key = `${tenant}/${project}`;
      let reading = cache.get(key);
      if (!reading) {
        reading = load({ tenant, project });
        cache.set(key, reading);
        // What failed is asked for again by whoever comes next.
        reading.catch(() => cache.delete(key));
      }
      return (await reading).layers;
    },
  };
};
