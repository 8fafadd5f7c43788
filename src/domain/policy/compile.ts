import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { canonicalBytes } from '../arguments/canonical-json.ts';
import { jsonPointer } from '../arguments/json-value.ts';
import type { JsonValue, ValueFault } from '../arguments/json-value.ts';
import { compileCondition } from './cel.ts';
import type { Condition } from './cel.ts';
import { compileGlob } from './glob.ts';
import { POLICY_LAYER_NAMES, policyLayerSchema } from './policy-schema.ts';
import type { PolicyLayer, PolicyLayerName, Rule } from './policy-schema.ts';

export interface CompiledRule {
  readonly rule: Rule;
  readonly matchesTool: (toolName: string) => boolean;
  readonly condition: Condition | undefined;
}

export interface CompiledLayer {
  readonly name: PolicyLayerName;
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
 * Reads policy layers, given in any order, each name at most once. Faults name their place by JSON pointer into `input`;
 * all of them are found in one pass. Compile once and keep the result: conditions are parsed here.
 */
export function compilePolicy(input: readonly unknown[]): CompilePolicyResult {
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
    if (layers.some((other) => other.name === layer.name)) {
      faults.push({ path: jsonPointer([index, 'name']), message: `The layer "${layer.name}" is given twice` });
    }
    layers.push(layer);
    compiled.push(compileLayer(layer, index, faults));
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

const inLayerOrder = <Layer extends { readonly name: PolicyLayerName }>(layers: readonly Layer[]): Layer[] =>
  layers.toSorted((a, b) => POLICY_LAYER_NAMES.indexOf(a.name) - POLICY_LAYER_NAMES.indexOf(b.name));

function compileLayer(layer: PolicyLayer, layerIndex: number, faults: ValueFault[]): CompiledLayer {
  const ids = new Set<string>();
  const rules = layer.rules.map((rule, ruleIndex): CompiledRule => {
    const fault = (field: string, message: string): void => {
      faults.push({ path: jsonPointer([layerIndex, 'rules', ruleIndex, field]), message });
    };
    if (ids.has(rule.id)) fault('id', `The rule id "${rule.id}" is given twice in this layer`);
    ids.add(rule.id);
    let condition: Condition | undefined;
    if (rule.when !== undefined) {
      const result = compileCondition(rule.when);
      if (result.ok) condition = result.condition;
      else fault('when', result.message);
    }
    return { rule, matchesTool: compileGlob(rule.match), condition };
  });
  return { name: layer.name, rules };
}
