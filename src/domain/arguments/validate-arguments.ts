import type { z } from 'zod';
import { canonicalJson } from './canonical-json.ts';
import { deepFreeze } from './deep-freeze.ts';
import { findJsonFault, jsonPointer } from './json-value.ts';
import type { JsonValue, ValueFault } from './json-value.ts';

export interface ArgumentFault extends ValueFault {
  /** Whose fault it is: the caller's arguments, or the tool's own schema. */
  readonly code: 'invalid_arguments' | 'schema_not_idempotent' | 'schema_result_not_json' | 'schema_failed';
}

export type ValidArguments = { readonly ok: true; readonly value: JsonValue; readonly canonical: string };
export type ArgumentsResult = ValidArguments | { readonly ok: false; readonly faults: readonly ArgumentFault[] };

/** More tell a model nothing new. */
export const MAX_ARGUMENT_FAULTS = 20;

/**
 * Applies a tool's input schema (defaults, coercions) to strictly parsed arguments. `canonical` is what is evaluated,
 * shown, digested and stored; `value` is what those bytes say, deeply frozen, for the tool. The schema must refuse
 * unknown keys itself (`looseObjectFaults`), be synchronous, return JSON, and change nothing when it parses its own result.
 */
export function validateArguments(schema: z.ZodType, value: JsonValue): ArgumentsResult {
  const inputFault = findJsonFault(value);
  if (inputFault !== undefined) return { ok: false, faults: [{ code: 'invalid_arguments', ...inputFault }] };

  const first = applySchema(schema, value);
  if (!first.ok) return first;
  const settled: JsonValue = JSON.parse(first.canonical);
  const again = applySchema(schema, settled);
  if (!again.ok || again.canonical !== first.canonical) {
    return schemaFault(
      'schema_not_idempotent',
      'The schema changes or refuses its own result when it parses it again.',
    );
  }
  // A fresh parse: nothing the schema returned (or kept a reference to) reaches the tool.
  const fresh: JsonValue = JSON.parse(first.canonical);
  return { ok: true, value: deepFreeze(fresh), canonical: first.canonical };
}

type Applied = { ok: true; canonical: string } | { ok: false; faults: readonly ArgumentFault[] };

function applySchema(schema: z.ZodType, value: JsonValue): Applied {
  let result: z.ZodSafeParseResult<unknown>;
  try {
    result = schema.safeParse(value);
  } catch {
    // A transform that throws, or an asynchronous schema. Its message could quote anything.
    return schemaFault('schema_failed', 'The schema could not be applied.');
  }
  if (!result.success)
    return { ok: false, faults: result.error.issues.flatMap(faultsOfIssue).slice(0, MAX_ARGUMENT_FAULTS) };
  const fault = findJsonFault(result.data);
  if (fault !== undefined) return { ok: false, faults: [{ code: 'schema_result_not_json', ...fault }] };
  return { ok: true, canonical: canonicalJson(result.data as JsonValue) };
}

const schemaFault = (
  code: ArgumentFault['code'],
  message: string,
): { ok: false; faults: readonly ArgumentFault[] } => ({
  ok: false,
  faults: [{ code, path: '', message }],
});

/** One fault for each unknown key, at the key's own path; a union's issue as one. */
function faultsOfIssue(issue: z.core.$ZodIssue): ArgumentFault[] {
  const code = 'invalid_arguments';
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ code, path: jsonPointer([...issue.path, key]), message: 'Unknown key' }));
  }
  return [{ code, path: jsonPointer(issue.path), message: issue.message }];
}
