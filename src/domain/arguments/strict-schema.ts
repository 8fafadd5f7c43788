import type { z } from 'zod';
import { jsonPointer } from './json-value.ts';
import type { ValueFault } from './json-value.ts';

/**
 * The places of a tool's input schema where an unknown key would pass unseen; none for a schema a tool may declare.
 * `z.object` drops unknown keys and `z.looseObject` lets anything through; tools use `z.strictObject`, and `z.record` or
 * a typed `.catchall` where keys are free. The schema is refused, not rewritten, so that what its author wrote (and its
 * refinements) is what runs.
 */
export function looseObjectFaults(schema: z.core.$ZodType): ValueFault[] {
  const faults: ValueFault[] = [];
  const seen = new Set<unknown>();
  const visit = (node: z.core.$ZodType, path: readonly PropertyKey[]): void => {
    if (seen.has(node)) return;
    seen.add(node);
    const { def } = (node as z.core.$ZodTypes)._zod;
    if (def.type === 'object') {
      const rest = def.catchall?._zod.def.type;
      if (rest === undefined || rest === 'unknown' || rest === 'any') {
        faults.push({
          path: jsonPointer(path),
          message: 'accepts unknown keys: use z.strictObject, or z.record where keys are free',
        });
      }
    }
    for (const [segment, child] of childrenOf(def)) visit(child, segment === undefined ? path : [...path, segment]);
  };
  visit(schema, []);
  return faults;
}

type Child = readonly [segment: PropertyKey | undefined, schema: z.core.$ZodType];

function childrenOf(def: z.core.$ZodTypes['_zod']['def']): readonly Child[] {
  switch (def.type) {
    case 'object': {
      const fields = Object.entries(def.shape).map(([key, schema]): Child => [key, schema]);
      return def.catchall === undefined ? fields : [...fields, ['*', def.catchall]];
    }
    case 'array':
      return [['*', def.element]];
    case 'tuple': {
      const items = def.items.map((schema, index): Child => [index, schema]);
      return def.rest === null ? items : [...items, ['*', def.rest]];
    }
    case 'record':
    case 'map':
      return [['*', def.valueType]];
    case 'union':
      return def.options.map((schema): Child => [undefined, schema]);
    case 'intersection':
      return [
        [undefined, def.left],
        [undefined, def.right],
      ];
    case 'pipe':
      return [
        [undefined, def.in],
        [undefined, def.out],
      ];
    case 'lazy':
      return [[undefined, def.getter()]];
    case 'optional':
    case 'nullable':
    case 'nonoptional':
    case 'default':
    case 'prefault':
    case 'catch':
    case 'readonly':
    case 'success':
    case 'promise':
      return [[undefined, def.innerType]];
    default:
      return [];
  }
}
