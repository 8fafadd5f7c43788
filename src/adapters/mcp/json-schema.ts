/** Checks by JSON Schemas that somebody else has written: bounded in size, with patterns that cannot hang. */
import { Ajv } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { RE2JS } from 're2js';
import { z } from 'zod';
import type { JsonValue } from '../../domain/arguments/json-value.ts';

const MAX_SCHEMA_LENGTH = 65_536;
const MAX_SCHEMA_DEPTH = 32;
const MAX_FAULTS = 20;

/** In place of RegExp, which can take for ever. A pattern that RE2 does not know makes the schema unusable. */
const linear = Object.assign(
  (pattern: string) => {
    const compiled = RE2JS.compile(pattern);
    return { test: (text: string) => compiled.test(text) };
  },
  { code: 'linear' },
);

const SETTINGS = {
  strict: false,
  validateFormats: false,
  addUsedSchema: false,
  allErrors: false,
  // Nothing is filled in or converted: what the model sent is what people see and the server gets.
  useDefaults: false,
  coerceTypes: false,
  logger: false,
  code: { regExp: linear },
} as const;

const DRAFT_7 = /draft-0[67]/;

const depthOf = (value: unknown): number => {
  let level: unknown[] = [value];
  let depth = 0;
  while (level.length > 0 && depth <= MAX_SCHEMA_DEPTH) {
    level = level.flatMap((one) => (typeof one === 'object' && one !== null ? Object.values(one) : []));
    depth += 1;
  }
  return depth;
};

type Check = (value: unknown) => readonly { readonly path: string; readonly message: string }[];

/** Undefined where no value can be checked by this schema here. A compiler of its own: ids cannot meet. */
export function compileSchema(schema: Readonly<Record<string, unknown>>): Check | undefined {
  if (JSON.stringify(schema).length > MAX_SCHEMA_LENGTH || depthOf(schema) > MAX_SCHEMA_DEPTH) return undefined;
  const dialect = typeof schema['$schema'] === 'string' ? schema['$schema'] : '';
  const { $schema: _, $id: __, ...rest } = schema;
  try {
    const validate = (DRAFT_7.test(dialect) ? new Ajv(SETTINGS) : new Ajv2020(SETTINGS)).compile(rest);
    if ('$async' in validate) return undefined;
    return (value) =>
      validate(value)
        ? []
        : (validate.errors ?? []).slice(0, MAX_FAULTS).map((error) => ({
            path: error.instancePath,
            message: error.message ?? 'is not valid',
          }));
  } catch {
    return undefined;
  }
}

const COMPOSED = ['additionalProperties', 'unevaluatedProperties', 'patternProperties', '$ref', '$dynamicRef'];
const COMBINED = ['allOf', 'anyOf', 'oneOf', 'if', 'not'];

/** Names that a schema which lists its properties does not list, unless it says that others are welcome. */
function unknownKeys(schema: Readonly<Record<string, unknown>>, value: object): string[] {
  const { properties } = schema;
  if (typeof properties !== 'object' || properties === null) return [];
  if ([...COMPOSED, ...COMBINED].some((keyword) => keyword in schema)) return [];
  return Object.keys(value).filter((key) => !Object.hasOwn(properties, key));
}

const isObject = (value: unknown): value is { readonly [key: string]: JsonValue } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** As the gate wants a tool's input; undefined for a schema that cannot be used. */
export function inputChecker(schema: Readonly<Record<string, unknown>>): z.ZodType | undefined {
  const check = compileSchema(schema);
  if (!check) return undefined;
  return z.unknown().superRefine((value, context) => {
    const add = (path: string, message: string): void =>
      context.addIssue({ code: 'custom', path: path.split('/').slice(1), message });
    if (!isObject(value)) return add('', 'must be an object');
    for (const key of unknownKeys(schema, value)) add(`/${key}`, 'Unknown key');
    for (const { path, message } of check(value)) add(path, message);
  });
}
