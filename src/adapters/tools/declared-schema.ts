/** Schemas as authors of tools give them: zod, or JSON Schema for those who have one already. */
import { z } from 'zod';
import type { JsonValue } from '../../domain/arguments/json-value.ts';

/** JSON Schema of an object (draft 7 to 2020-12), without references to other documents. */
export interface JsonSchema {
  readonly type: 'object';
  readonly [keyword: string]: unknown;
}

export type DeclaredSchema = z.ZodType | JsonSchema;

/** What passes the schema, as far as the compiler can know. */
export type DeclaredValue<Schema> = Schema extends z.ZodType ? z.output<Schema> : { readonly [key: string]: JsonValue };

export const isZod = (schema: DeclaredSchema): schema is z.ZodType => schema instanceof z.ZodType;

/** JSON Schema as zod, with a registry of its own: names in it must not meet those of ours. Throws what it cannot read. */
export const toZod = (schema: DeclaredSchema): z.ZodType =>
  isZod(schema) ? schema : z.fromJSONSchema(schema, { registry: z.registry() });

/** What models see of a JSON Schema: what its author wrote. */
export function asWritten(schema: JsonSchema): Record<string, JsonValue> {
  const { $schema: _, ...plain }: Record<string, JsonValue> = JSON.parse(JSON.stringify(schema));
  return plain;
}
