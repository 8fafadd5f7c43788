import type { ParseResult } from '@marcbachmann/cel-js';

/**
 * Work one evaluation may do: one unit a node evaluated (so each pass of exists, all, map or filter counts), one for each
 * 64 characters of a text it yields, one for each value in a list or map that is compared, searched, joined or iterated.
 * A rule of the usual kind takes about ten.
 */
export const MAX_COST = 1_000_000;

export interface CelNode {
  readonly op: string;
  readonly args: unknown;
}

type Evaluate = (evaluator: unknown, node: unknown, context: unknown) => unknown;

export const isCelNode = (value: unknown): value is CelNode =>
  typeof value === 'object' && value !== null && 'op' in value && 'args' in value;

/** The operands of a node, in order: an operator's, a call's receiver and arguments, a literal's elements. */
export const operandsOf = (node: CelNode): CelNode[] => {
  const flatten = (value: unknown): CelNode[] =>
    Array.isArray(value) ? value.flatMap(flatten) : [value].filter(isCelNode);
  return flatten(node.args);
};

/** Counts the work of one evaluation at a time. Remembers that it was exceeded: CEL's `||`, `&&` and exists absorb errors. */
export class CostMeter {
  #left = MAX_COST;
  #weights = new WeakMap<object, number>();
  // One object for all throws: absorbed errors are thrown again and again, and a stack trace each would be the real cost.
  readonly #error = new Error('cost limit exceeded');

  reset(): void {
    this.#left = MAX_COST;
    this.#weights = new WeakMap();
  }

  get exceeded(): boolean {
    return this.#left < 0;
  }

  charge(units: number): void {
    this.#left -= units;
    if (this.#left < 0) throw this.#error;
  }

  /** Values in a list or map, all levels, each text by its length. */
  weigh(value: unknown): number {
    if (typeof value === 'string') return 1 + Math.floor(value.length / 64);
    if (typeof value !== 'object' || value === null) return 1;
    const known = this.#weights.get(value);
    if (known !== undefined) return known;
    let weight = 1;
    const children: Iterable<unknown> =
      Array.isArray(value) || value instanceof Map ? value.values() : Object.values(value);
    for (const child of children) weight += this.weigh(child);
    this.#weights.set(value, weight);
    return weight;
  }
}

/** Operators that look into their operands as a whole; the others only pass them on. */
const CONSUMERS = new Set(['==', '!=', 'in', '+', 'call', 'rcall']);

/**
 * Makes every node of a checked expression charge the meter before and after it runs. The library looks `evaluate` up on
 * the node and replaces it once, on first use; the accessor keeps the charge in front of whatever it sets.
 */
export function meterNodes(root: ParseResult['ast'], meter: CostMeter): void {
  const visit = (node: CelNode, consumed: boolean): void => {
    meterNode(node, consumed || node.op === '+', meter);
    for (const operand of operandsOf(node)) visit(operand, CONSUMERS.has(node.op));
  };
  visit(root, false);
}

function meterNode(node: CelNode, weighsAll: boolean, meter: CostMeter): void {
  const target = node as CelNode & { evaluate: Evaluate };
  const onFirstUse = target.evaluate;
  let inner = onFirstUse;
  let settling = false;
  const metered: Evaluate = (evaluator, self, context) => {
    if (settling) {
      // The library, having replaced `evaluate`, calls the replacement: the same step, charged already.
      settling = false;
      return inner.call(target, evaluator, self, context);
    }
    meter.charge(1);
    settling = inner === onFirstUse;
    const result = inner.call(target, evaluator, self, context);
    if (weighsAll || typeof result === 'string') meter.charge(meter.weigh(result));
    return result;
  };
  Object.defineProperty(target, 'evaluate', {
    get: () => metered,
    set: (evaluate: Evaluate) => {
      inner = evaluate;
    },
  });
}
