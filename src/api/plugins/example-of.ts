/** A value that a JSON schema describes, put together from the examples of its parts: shown to readers of the contract. */

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

export const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const REF = '#/components/schemas/';
/** Schemas that contain themselves end here. */
const MAX_DEPTH = 8;
const ANY_TIME = '2026-03-14T09:26:53.589Z';

/** Undefined where the parts have too few examples of their own. */
export function exampleOf(schema: Json | undefined, schemas: JsonObject, depth = 0, name = ''): Json | undefined {
  if (!isObject(schema) || depth > MAX_DEPTH) return undefined;
  const { $ref, example, examples, anyOf, oneOf, allOf } = schema;
  if (example !== undefined) return example;
  if (Array.isArray(examples)) return examples[0];
  if (typeof $ref === 'string') return exampleOf(schemas[$ref.slice(REF.length)], schemas, depth + 1, name);
  const choices = [anyOf, oneOf].find(Array.isArray);
  // What may be missing is: so that what is shown goes together, as of something that has just begun.
  if (choices?.some(isNull)) return null;
  if (choices) return choices.map((one) => exampleOf(one, schemas, depth + 1, name)).find((one) => one !== undefined);
  if (Array.isArray(allOf)) {
    return Object.assign({}, ...allOf.map((one) => exampleOf(one, schemas, depth + 1)));
  }
  return ofType(schema, schemas, depth, name);
}

/** For texts without an example of their own: by the name of the field. */
const TEXTS: Readonly<Record<string, string>> = {
  path: 'refunds',
  code: 'expired',
  text: 'Order 7 is refunded.',
  tool: 'refund',
  layer: 'agent',
  channel: 'api',
  sha256: '0f'.repeat(32),
  hash: '0f'.repeat(32),
  headHash: '0f'.repeat(32),
  title: 'Nobody decided in time',
  detail: 'The deadline of the approval has passed; nothing was decided.',
  description: 'Pays an order back.',
  next: 'Start the run again if the call is still wanted.',
  reason: 'Money leaves the house.',
  name: 'refund',
  source: 'function',
  ruleId: 'large-refunds',
  input: 'Refund order 7.',
  output: 'Order 7 is refunded.',
  decisionId: 'dec_k3v7qdxr2mzw5n4hbt6ycafe2a',
  commandId: 'cmd_k3v7qdxr2mzw5n4hbt6ycafe2a',
  requestId: 'req_5wq2kzr7mzq3c5dhbn4t6yafe2',
  effectKey: 'tool-approval:run_k3v7qdxr2mzw5n4hbt6ycafe2a:call_2_0.1',
  self: '/v1/runs/run_k3v7qdxr2mzw5n4hbt6ycafe2a',
  events: '/v1/runs/run_k3v7qdxr2mzw5n4hbt6ycafe2a/events',
  approvals: '/v1/runs/run_k3v7qdxr2mzw5n4hbt6ycafe2a/approvals',
  artifacts: '/v1/runs/run_k3v7qdxr2mzw5n4hbt6ycafe2a/artifacts',
  principal: 'user:ada',
  groups: 'finance',
  users: 'user:grace',
};

function ofType(schema: JsonObject, schemas: JsonObject, depth: number, name: string): Json | undefined {
  if (schema['const'] !== undefined) return schema['const'];
  if (schema['default'] !== undefined) return schema['default'];
  if (Array.isArray(schema['enum'])) return schema['enum'][0];
  switch (Array.isArray(schema['type']) ? 'null' : schema['type']) {
    case 'object':
      return ofProperties(schema, schemas, depth);
    case 'array': {
      const item = exampleOf(schema['items'], schemas, depth + 1, name);
      return item === undefined || (isObject(item) && name !== 'data') ? [] : [item];
    }
    case 'string':
      if (schema['format'] === 'date-time') return ANY_TIME;
      return typeof schema['pattern'] === 'string' ? undefined : (TEXTS[name] ?? 'text');
    case 'integer':
    case 'number':
      return typeof schema['minimum'] === 'number' && schema['minimum'] > 0 ? schema['minimum'] : 1;
    case 'boolean':
      return false;
    case 'null':
      return null;
    default:
      // Anything goes.
      return {};
  }
}

const isNull = (schema: Json): boolean => isObject(schema) && schema['type'] === 'null';

function ofProperties(schema: JsonObject, schemas: JsonObject, depth: number): JsonObject {
  const { properties, required } = schema;
  const named = Object.entries(isObject(properties) ? properties : {})
    .filter(([name, property]) => (Array.isArray(required) && required.includes(name)) || hasExample(property))
    .map(([name, property]) => [name, exampleOf(property, schemas, depth + 1, name)] as const)
    .filter((entry): entry is readonly [string, Json] => entry[1] !== undefined);
  return Object.fromEntries(named);
}

const hasExample = (schema: Json): boolean =>
  isObject(schema) && (schema['example'] !== undefined || schema['examples'] !== undefined);
