import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { canonicalBytes } from '../arguments/canonical-json.ts';
import { jsonPointer } from '../arguments/json-value.ts';
import type { JsonValue, ValueFault } from '../arguments/json-value.ts';
import { compileCondition } from './cel.ts';
import type { Condition } from './cel.ts';
import { compileGlob } from './glob.ts';
import { LAYER_MODES, POLICY_LAYER_NAMES, policyLayerSchema } from './policy-schema.ts';
import type { LayerMode, PolicyLayer, PolicyLayerName, Rule } from './policy-schema.ts';
import { quorumFaults } from './quorum-faults.ts';
import type { KnownPeople } from './quorum-faults.ts';

export interface CompiledRule {
  readonly rule: Rule;
  readonly matchesTool: (toolName: string) => boolean;
  readonly condition: Condition | undefined;
}

export interface CompiledLayer {
  readonly name: PolicyLayerName;
  readonly mode: LayerMode;
  readonly rules: readonly CompiledRule[];
}

export type CompilePolicyResult =
  | {
      readonly ok: true;
      readonly compiled: readonly CompiledLayer[];
      /** What is stored and digested: parsed, ordered from deployment to tool; compiles to the same policy again. */
      readonly layers: readonly PolicyLayer[];
      readonly digest: string;
    }
  | { readonly ok: false; readonly faults: readonly ValueFault[] };

/**
 * Reads policy layers, given in any order, each name at most once in each mode: a new version can be shadowed beside the
 * one that is enforced. Faults name their place by JSON pointer into `input`; all of them are found in one pass. Compile
 * once and keep the result: conditions are parsed here. `people`, where they are known, finds groups that do not exist.
 */
export function compilePolicy(input: readonly unknown[], people: KnownPeople = {}): CompilePolicyResult {
  const faults: ValueFault[] = [];
  const layers: PolicyLayer[] = [];
  const compiled: CompiledLayer[] = [];
  for (const [index, layerInput] of input.entries()) {
    const parsed = policyLayerSchema.safeParse(layerInput);
    if (!parsed.success) {
      for (const { path, message } of parsed.error.issues)
        faults.push({ path: jsonPointer([index, ...path]), message });
      continue;
    }
    const layer = parsed.data;
    if (layers.some((other) => other.name === layer.name && modeOf(other) === modeOf(layer))) {
      const message = `The layer "${layer.name}" is given twice in mode ${modeOf(layer)}`;
      faults.push({ path: jsonPointer([index, 'name']), message });
    }
    layers.push(layer);
    compiled.push(compileLayer(layer, index, people, faults));
  }
  if (faults.length > 0) return { ok: false, faults };
  const ordered = inLayerOrder(layers);
  return { ok: true, compiled: inLayerOrder(compiled), layers: ordered, digest: policyDigest(ordered) };
}

/** `sha256:<64 hex>` over the canonical JSON of the parsed layers, whatever order they are given in. */
export function policyDigest(layers: readonly PolicyLayer[]): string {
  // Definitions written in code may hold undefined for what they leave out; files cannot.
  const plain: JsonValue = JSON.parse(JSON.stringify(inLayerOrder(layers)));
  return `sha256:${bytesToHex(sha256(canonicalBytes(plain)))}`;
}

interface Ranked {
  readonly name: PolicyLayerName;
  readonly mode?: LayerMode;
}

const modeOf = ({ mode = 'enforce' }: Ranked): LayerMode => mode;

const rankOf = (layer: Ranked): number =>
  POLICY_LAYER_NAMES.indexOf(layer.name) * LAYER_MODES.length + LAYER_MODES.indexOf(modeOf(layer));

const inLayerOrder = <Layer extends Ranked>(layers: readonly Layer[]): Layer[] =>
  layers.toSorted((a, b) => rankOf(a) - rankOf(b));

function compileLayer(
  layer: PolicyLayer,
  layerIndex: number,
  people: KnownPeople,
  faults: ValueFault[],
): CompiledLayer {
  const ids = new Set<string>();
  const rules = layer.rules.map((rule, ruleIndex): CompiledRule => {
    const fault = (field: string, message: string): void => {
      faults.push({ path: jsonPointer([layerIndex, 'rules', ruleIndex, field]), message });
    };
    if (ids.has(rule.id)) fault('id', `The rule id "${rule.id}" is given twice in this layer`);
    ids.add(rule.id);
    for (const { path, message } of quorumFaults(rule, people))
      faults.push({ path: jsonPointer([layerIndex, 'rules', ruleIndex, ...path]), message });
    let condition: Condition | undefined;
    if (rule.when !== undefined) {
      const result = compileCondition(rule.when);
      if (result.ok) condition = result.condition;
      else fault('when', result.message);
    }
    return { rule, matchesTool: compileGlob(rule.match), condition };
  });
  return { name: layer.name, mode: modeOf(layer), rules };
}
