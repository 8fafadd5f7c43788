/** Makes the generated document read well: one name a schema, none that nothing refers to, numbers as numbers. */
import { completeOperation, sharedComponents, textIn } from './complete-openapi.ts';
import { isObject } from './example-of.ts';
import type { Json, JsonObject } from './example-of.ts';

const REF = /"#\/components\/schemas\/([A-Za-z]+)"/g;

/** zod names a schema twice, as it is read and as it is written: the bare name goes to the one that is used. */
export function tidyOpenApi(document: object, optionalBodies: ReadonlySet<string>): object {
  const named = renameInputs(JSON.stringify(document));
  const tidy = JSON.parse(named.replaceAll('/artifacts/{*}', '/artifacts/{path}')) as JsonObject;
  const paths = isObject(tidy['paths']) ? tidy['paths'] : {};
  const components = isObject(tidy['components']) ? tidy['components'] : {};
  const schemas = isObject(components['schemas']) ? components['schemas'] : {};
  for (const [path, operations] of Object.entries(paths)) {
    for (const [method, operation] of Object.entries(isObject(operations) ? operations : {})) {
      if (!isObject(operation)) continue;
      const parameters = operation['parameters'];
      for (const parameter of Array.isArray(parameters) ? parameters : []) tidyParameter(parameter);
      const hasOptionalBody = optionalBodies.has(textIn(operation, 'operationId'));
      completeOperation(operation, { path, method, hasOptionalBody });
    }
  }
  Object.assign(components, sharedComponents(schemas));
  return tidy;
}

function renameInputs(text: string): string {
  const document = JSON.parse(text) as { paths: Json; components: { schemas: Record<string, Json> } };
  const { schemas } = document.components;
  const used = new Set<string>();
  const visit = (part: Json | undefined) => {
    for (const [, name = ''] of JSON.stringify(part ?? null).matchAll(REF)) {
      if (used.has(name)) continue;
      used.add(name);
      visit(schemas[name]);
    }
  };
  visit(document.paths);
  const bareName = (name: string) => {
    const bare = name.replace(/Input$/, '');
    return used.has(bare) ? name : bare;
  };
  document.components.schemas = Object.fromEntries(
    [...used].toSorted().map((name): [string, Json] => [bareName(name), schemas[name] ?? {}]),
  );
  return JSON.stringify(document).replaceAll(REF, (_ref, name: string) => `"#/components/schemas/${bareName(name)}"`);
}

/** Query values arrive as text and are checked as such; to a reader of the contract they are numbers. */
function tidyParameter(parameter: Json): void {
  if (!isObject(parameter)) return;
  if (parameter['name'] === '*') parameter['name'] = 'path';
  const schema = parameter['schema'];
  if (!isObject(schema) || typeof schema['pattern'] !== 'string') return;
  if (!/^\^\\d\{1,\d+\}\$$/.test(schema['pattern'])) return;
  const example = schema['example'];
  parameter['schema'] = { type: 'integer', minimum: 0, ...(example !== undefined && { example: Number(example) }) };
}
