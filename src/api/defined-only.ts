type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** The fields that are there: what is absent is left out, not handed on as undefined. */
export function definedOnly<T extends object>(fields: T): Defined<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Defined<T>;
}
