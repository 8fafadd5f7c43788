import type { z } from 'zod';
import { jsonPointer } from '../../domain/arguments/json-value.ts';
import type { JsonValue } from '../../domain/arguments/json-value.ts';

const MAX_PLACES = 5;

export type CheckedOutput =
  | { readonly ok: true; readonly value: JsonValue }
  | { readonly ok: false; readonly message: string };

/** The result as the tool's output schema lets it pass, or where it does not. Quotes nothing of the result. */
export function checkOutput(schema: z.ZodType, result: JsonValue): CheckedOutput {
  const checked = schema.safeParse(result);
  // The schema is to return JSON; the gate refuses what is none when it canonicalises the result.
  if (checked.success) return { ok: true, value: checked.data as JsonValue };
  const places = [...new Set(checked.error.issues.map(({ path }) => jsonPointer(path) || '/'))].slice(0, MAX_PLACES);
  // What the tool did is done, and the model must know that.
  return { ok: false, message: `The tool ran, but its result is not what it declares, at ${places.join(', ')}.` };
}
