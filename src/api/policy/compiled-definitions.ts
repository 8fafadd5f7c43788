/** Policies that runs have pinned, compiled once each. */
import { LRUCache } from 'lru-cache';
import { compilePolicy } from '../../domain/policy/compile.ts';
import type { CompiledLayer } from '../../domain/policy/compile.ts';
import type { AgentDefinition } from '../../domain/schemas/agent.ts';
import type { Scope } from '../../domain/schemas/names.ts';
import type { Store } from '../../store/database.ts';
import { getDefinition } from '../../store/definitions.ts';

export interface PinnedPolicy {
  readonly definition: AgentDefinition;
  readonly layers: readonly CompiledLayer[];
}

const MAX_POLICIES = 200;

export class CompiledDefinitions {
  readonly #store: Store;
  readonly #known = new LRUCache<string, PinnedPolicy>({ max: MAX_POLICIES });

  constructor(store: Store) {
    this.#store = store;
  }

  /** Undefined where the definition is gone, or its policy is of a form that this version cannot read. */
  async get(scope: Scope, agentDigest: string): Promise<PinnedPolicy | undefined> {
    const key = `${scope.tenant}/${scope.project}/${agentDigest}`;
    const known = this.#known.get(key);
    if (known) return known;
    const definition = await getDefinition(this.#store, scope, agentDigest);
    if (!definition) return undefined;
    const compiled = compilePolicy(definition.policy);
    if (!compiled.ok) return undefined;
    const pinned = { definition, layers: compiled.compiled };
    this.#known.set(key, pinned);
    return pinned;
  }
}
