// Every route of the OpenAPI document, addressed at given objects: what walks all of them covers new ones by itself.
import { z } from 'zod';
import type { ApiWorld, CallOptions } from './api-world.ts';

/** An object of each kind, by the name that it has in paths. */
export type Target = Readonly<Record<string, string>>;

export interface RouteCall {
  readonly operationId: string;
  readonly method: string;
  readonly path: string;
  /** The path with names in place of ids. */
  readonly pattern: string;
  readonly body: unknown;
  readonly isPublic: boolean;
  /** Names of the objects in the path. */
  readonly objects: readonly string[];
}

const Media = z.looseObject({ schema: z.looseObject({ $ref: z.string().optional() }).optional() });
const Operation = z.looseObject({
  operationId: z.string(),
  security: z.array(z.unknown()).optional(),
  requestBody: z.looseObject({ content: z.record(z.string(), Media) }).optional(),
});
const Document = z.looseObject({
  paths: z.record(z.string(), z.record(z.string(), Operation)),
  components: z.looseObject({
    schemas: z.record(z.string(), z.looseObject({ examples: z.array(z.unknown()).optional() })),
  }),
});

/** Segments in braces that name no object but one of a few things that are always there. */
const NO_OBJECTS = new Set(['layer']);

/**
 * Bodies are the first examples of their schemas, changed where `bodies` says so: by operation, or for all.
 * Throws where a path names something that `target` has not.
 */
export async function everyRoute(
  world: ApiWorld,
  target: Target,
  bodies: Readonly<Record<string, (example: object) => unknown>> = {},
): Promise<RouteCall[]> {
  const { body } = await world.call('GET', '/openapi.json', { key: null });
  const { paths, components } = Document.parse(body);
  const exampleFor = (operation: z.infer<typeof Operation>) => {
    const schema = operation.requestBody?.content['application/json']?.schema?.$ref?.split('/').at(-1) ?? '';
    const example = components.schemas[schema]?.examples?.[0];
    if (operation.requestBody && example === undefined)
      throw new Error(`${operation.operationId} has no example of its body`);
    const change = bodies[operation.operationId];
    return change && typeof example === 'object' && example !== null ? change(example) : example;
  };
  return Object.entries(paths).flatMap(([pattern, operations]) =>
    Object.entries(operations).map(([method, operation]): RouteCall => {
      const names = [...pattern.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
      const missing = names.filter((name) => target[name] === undefined);
      if (missing.length > 0)
        throw new Error(`${operation.operationId}: nobody knows how to address ${missing.join(', ')}`);
      return {
        operationId: operation.operationId,
        method: method.toUpperCase(),
        path: pattern.replaceAll(/\{(\w+)\}/g, (_braces, name: string) => target[name] ?? ''),
        pattern,
        body: exampleFor(operation),
        isPublic: operation.security !== undefined,
        objects: names.filter((name) => !NO_OBJECTS.has(name)),
      };
    }),
  );
}

/** Of a stream, its first event. */
export const callRoute = (world: ApiWorld, { method, path, body }: RouteCall, options: CallOptions = {}) =>
  world.call(method, path, { ...(body !== undefined && { body }), firstEvent: true, ...options });
