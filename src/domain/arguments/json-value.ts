/** A value that JSON carries without loss: what tools receive, what is digested, what is shown. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/** Something wrong with one place of a value; `path` is a JSON pointer, '' for the whole. */
export interface ValueFault {
  readonly path: string;
  readonly message: string;
}

/** A JSON pointer (RFC 6901) for the segments from the root to one place. */
export const jsonPointer = (segments: readonly PropertyKey[]): string =>
  segments.map((segment) => `/${String(segment).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');

const loneSurrogate = /\p{Surrogate}/u;

/** Whether UTF-8 can carry the text: no half of a surrogate pair stands alone. */
export const isWellFormedText = (text: string): boolean => !loneSurrogate.test(text);

/** One value on the way through a tree; the path is spelled only for a fault. */
interface Place {
  readonly value: unknown;
  readonly key: PropertyKey;
  readonly parent: Place | undefined;
}

/** The first place where `value` is not plain JSON data, or undefined where all of it is. Never recurses. */
export function findJsonFault(value: unknown): ValueFault | undefined {
  const open: (Place | { readonly leave: object })[] = [{ value, key: '', parent: undefined }];
  const entered = new Set<object>();
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if ('leave' in next) {
      entered.delete(next.leave);
      continue;
    }
    const place = next;
    const current = place.value;
    if (typeof current !== 'object' || current === null) {
      const message = findScalarFault(current);
      if (message !== undefined) return { path: pathOf(place), message };
      continue;
    }
    const message = entered.has(current) ? 'the value contains itself' : findShapeFault(current);
    if (message !== undefined) return { path: pathOf(place), message };
    entered.add(current);
    open.push({ leave: current });
    const keys = Object.keys(current);
    for (let index = keys.length - 1; index >= 0; index--) {
      const key = keys[index] ?? '';
      open.push({ value: (current as Record<string, unknown>)[key], key, parent: place });
    }
  }
  return undefined;
}

function pathOf(place: Place): string {
  const segments: PropertyKey[] = [];
  for (let at = place; at.parent !== undefined; at = at.parent) segments.push(at.key);
  return jsonPointer(segments.toReversed());
}

function findScalarFault(value: unknown): string | undefined {
  if (value === null || typeof value === 'boolean') return undefined;
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : `${value} is not a JSON number`;
  if (typeof value !== 'string') return `${typeof value} is not a JSON value`;
  return isWellFormedText(value) ? undefined : 'text with a lone surrogate is not Unicode';
}

export const isJsonValue = (value: unknown): value is JsonValue => findJsonFault(value) === undefined;

/** Class instances, accessors, holes, symbols: what a serializer would silently drop or call. */
function findShapeFault(container: object): string | undefined {
  const prototype: unknown = Object.getPrototypeOf(container);
  if (Array.isArray(container)) {
    if (prototype !== Array.prototype) return 'a subclass of Array is not plain JSON data';
    if (Reflect.ownKeys(container).length !== container.length + 1) return 'an array with holes or named fields';
    return undefined;
  }
  if (prototype !== Object.prototype && prototype !== null) return 'a class instance is not plain JSON data';
  for (const key of Reflect.ownKeys(container)) {
    if (typeof key === 'symbol') return 'a symbol key is not JSON';
    if (!isWellFormedText(key)) return 'a key with a lone surrogate is not Unicode';
    const property = Object.getOwnPropertyDescriptor(container, key);
    if (property === undefined || !('value' in property) || !property.enumerable) return 'a computed or hidden field';
  }
  return undefined;
}
