/**
 * The schema of a question's answer comes from a model: only the part of JSON Schema that is checked in time that grows
 * with the answer alone, bounded in size and depth. No patterns (they can backtrack) and no references (they can loop).
 */
import { z } from 'zod';
import { isOfServer } from '../schemas/agent.ts';
import type { ToolDefinition } from '../schemas/agent.ts';
import type { JsonValue, ValueFault } from './json-value.ts';
import { jsonPointer } from './json-value.ts';

export const ANSWER_SCHEMA_MAX_BYTES = 16_384;
export const ANSWER_SCHEMA_MAX_DEPTH = 12;

/** Keywords that hold one schema, a list of them, or schemas by name. */
const SCHEMAS = new Set(['items', 'additionalProperties', 'prefixItems', 'anyOf', 'oneOf', 'allOf']);
const SCHEMAS_BY_NAME = new Set(['properties']);
const PLAIN = new Set([
  'type',
  'enum',
  'const',
  'title',
  'description',
  'default',
  'examples',
  'required',
  'minProperties',
  'maxProperties',
  'minItems',
  'maxItems',
  'uniqueItems',
  'minLength',
  'maxLength',
  'minimum',
  'maximum',
  'exclusiveMinimum',
  'exclusiveMaximum',
  'multipleOf',
  '$schema',
]);

type Segments = readonly (string | number)[];

const isObject = (value: unknown): value is { readonly [key: string]: JsonValue } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function findFault(schema: unknown, path: Segments, depth: number): ValueFault | undefined {
  if (typeof schema === 'boolean') return undefined;
  if (!isObject(schema)) return { path: jsonPointer(path), message: 'is not a schema' };
  if (depth > ANSWER_SCHEMA_MAX_DEPTH) return { path: jsonPointer(path), message: 'nests too deep' };
  for (const [keyword, value] of Object.entries(schema)) {
    const place = [...path, keyword];
    if (PLAIN.has(keyword)) continue;
    const parts: readonly (readonly [string | number, unknown])[] | undefined = partsOf(keyword, value);
    if (!parts) return { path: jsonPointer(place), message: 'is not a keyword that an answer can be checked by' };
    for (const [name, part] of parts) {
      const fault = findFault(part, name === '' ? place : [...place, name], depth + 1);
      if (fault) return fault;
    }
  }
  return undefined;
}

function partsOf(keyword: string, value: unknown): readonly (readonly [string | number, unknown])[] | undefined {
  if (SCHEMAS.has(keyword)) return Array.isArray(value) ? value.map((one, index) => [index, one]) : [['', value]];
  return SCHEMAS_BY_NAME.has(keyword) && isObject(value) ? Object.entries(value) : undefined;
}

/** What keeps a schema from being one that answers are checked by; undefined where nothing does. */
export function answerSchemaFault(schema: unknown): ValueFault | undefined {
  if (!isObject(schema)) return { path: '', message: 'is not a JSON object' };
  if (JSON.stringify(schema).length > ANSWER_SCHEMA_MAX_BYTES) return { path: '', message: 'is too large' };
  const fault = findFault(schema, [], 0);
  if (fault) return fault;
  return convert(schema) ? undefined : { path: '', message: 'is not a schema that an answer can be checked by' };
}

/** A registry of its own: names in a foreign schema must not meet those of ours. */
const convert = (schema: object): z.ZodType | undefined => {
  try {
    return z.fromJSONSchema(schema as Parameters<typeof z.fromJSONSchema>[0], { registry: z.registry() });
  } catch {
    return undefined;
  }
};

/** Checks answers by a schema that `answerSchemaFault` finds nothing wrong with; undefined for any other. */
export const answerChecker = (schema: unknown): z.ZodType | undefined =>
  answerSchemaFault(schema) === undefined ? convert(schema as object) : undefined;

const PATTERNS = new Set(['pattern', 'patternProperties', 'format']);

/** A schema without what can take for ever to check. */
const withoutPatterns = (schema: unknown): unknown => {
  if (Array.isArray(schema)) return schema.map(withoutPatterns);
  if (!isObject(schema)) return schema;
  const parts = Object.entries(schema).filter(([keyword, value]) => !PATTERNS.has(keyword) || isObject(value));
  return Object.fromEntries(
    parts.flatMap(([keyword, value]) => (keyword === 'patternProperties' ? [] : [[keyword, withoutPatterns(value)]])),
  );
};

/**
 * Checks edited arguments by the input schema that is pinned with the run; undefined where it cannot be read here. Of a
 * schema that an MCP server wrote the patterns are left to the gate, which checks them in linear time.
 */
export const argumentsChecker = ({
  source,
  inputSchema,
}: Pick<ToolDefinition, 'source' | 'inputSchema'>): z.ZodType | undefined =>
  convert(isOfServer(source) ? (withoutPatterns(inputSchema) as object) : inputSchema);
