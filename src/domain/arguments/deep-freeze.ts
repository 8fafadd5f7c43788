/** Freezes a JSON-like value with all it holds, in place, and returns it. */
export function deepFreeze<Value>(value: Value): Value {
  const open: unknown[] = [value];
  while (open.length > 0) {
    const current = open.pop();
    if (typeof current !== 'object' || current === null || Object.isFrozen(current)) continue;
    Object.freeze(current);
    // One by one: a spread of a large array overflows the stack.
    for (const child of Object.values(current)) open.push(child);
  }
  return value;
}
