/**
 * Which calls a grant covers: one condition for every leaf of the arguments, by JSON pointer. What is not named is not
 * covered, so a call with an argument more, a list one longer, or an argument left out is asked for again.
 */
import { z } from 'zod';
import { canonicalJson } from '../arguments/canonical-json.ts';
import { isJsonValue, jsonPointer } from '../arguments/json-value.ts';
import type { JsonValue, ValueFault } from '../arguments/json-value.ts';
import { leavesOf } from './leaves.ts';

/** More leaves than a person can look through. */
export const MAX_CONSTRAINTS = 500;
const MAX_CHOICES = 100;
const MAX_POINTER_LENGTH = 1_000;

const jsonValue = z.custom<JsonValue>(isJsonValue, 'Not a JSON value');

const Equals = z.strictObject({ equals: jsonValue });
const OneOf = z.strictObject({ oneOf: z.array(jsonValue).min(1).max(MAX_CHOICES) });
const Range = z
  .strictObject({ max: z.number(), min: z.number().optional() })
  .refine(({ max, min }) => min === undefined || min <= max, { path: ['min'], message: 'is above max' });
const Anything = z.strictObject({ any: z.literal(true) });

/** A condition on one leaf. Everything but `equals` is a widening: it is explicit, and people are shown it. */
export type Constraint =
  | z.infer<typeof Equals>
  | z.infer<typeof OneOf>
  | z.infer<typeof Range>
  | z.infer<typeof Anything>;

export type GrantConstraints = Readonly<Record<string, Constraint>>;

const FORMS = { equals: Equals, oneOf: OneOf, max: Range, any: Anything } as const;
const FORM_NAMES = Object.keys(FORMS) as (keyof typeof FORMS)[];

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isPointer = (text: string): boolean => text.length <= MAX_POINTER_LENGTH && /^(\/([^~]|~[01])*)?$/su.test(text);

function readConstraint(pointer: string, given: unknown): { constraint?: Constraint; faults: ValueFault[] } {
  const at = (path: readonly PropertyKey[], message: string): ValueFault => ({
    path: jsonPointer([pointer, ...path]),
    message,
  });
  if (!isPointer(pointer)) return { faults: [at([], 'is not named by a JSON pointer, like "/amount"')] };
  const form = isRecord(given) ? FORM_NAMES.find((name) => Object.hasOwn(given, name)) : undefined;
  if (form === undefined) return { faults: [at([], 'is none of {equals}, {oneOf}, {max, min}, {any: true}')] };
  const parsed = FORMS[form].safeParse(given);
  return parsed.success
    ? { constraint: parsed.data, faults: [] }
    : { faults: parsed.error.issues.map(({ path, message }) => at(path, message)) };
}

export type GrantConstraintsResult =
  | { readonly ok: true; readonly constraints: GrantConstraints }
  | { readonly ok: false; readonly faults: readonly ValueFault[] };

/** Reads constraints. Faults name their place by JSON pointer into `given`. */
export function parseGrantConstraints(given: unknown): GrantConstraintsResult {
  if (!isRecord(given)) return { ok: false, faults: [{ path: '', message: 'is not an object of conditions' }] };
  const entries = Object.entries(given);
  if (entries.length === 0) return { ok: false, faults: [{ path: '', message: 'names no argument' }] };
  if (entries.length > MAX_CONSTRAINTS) {
    return { ok: false, faults: [{ path: '', message: `has more than ${MAX_CONSTRAINTS} conditions` }] };
  }
  const read = entries.map(([pointer, constraint]) => ({ pointer, ...readConstraint(pointer, constraint) }));
  const faults = read.flatMap((one) => one.faults);
  if (faults.length > 0) return { ok: false, faults };
  const constraints = Object.fromEntries(
    read.flatMap(({ pointer, constraint }) => (constraint === undefined ? [] : [[pointer, constraint]])),
  ) as Record<string, Constraint>;
  return { ok: true, constraints };
}

/** Where every grant starts: calls with exactly these arguments. */
export const equalityConstraints = (args: JsonValue): GrantConstraints =>
  Object.fromEntries(leavesOf(args).map(({ pointer, value }) => [pointer, { equals: value }]));

const same = (a: JsonValue, b: JsonValue): boolean => canonicalJson(a) === canonicalJson(b);

function holds(constraint: Constraint, value: JsonValue): boolean {
  if ('any' in constraint) return true;
  if ('equals' in constraint) return same(constraint.equals, value);
  if ('oneOf' in constraint) return constraint.oneOf.some((one) => same(one, value));
  return typeof value === 'number' && value <= constraint.max && value >= (constraint.min ?? -Infinity);
}

/** Where the arguments are not what the constraints say, by JSON pointer into the arguments. */
function mismatches(constraints: GrantConstraints, args: JsonValue): ValueFault[] {
  const leaves = leavesOf(args);
  const named = new Set(leaves.map(({ pointer }) => pointer));
  const missing = Object.keys(constraints)
    .filter((pointer) => !named.has(pointer))
    .map((path) => ({ path, message: 'is not a single value of the arguments' }));
  const different = leaves.flatMap(({ pointer: path, value }) => {
    const constraint = Object.hasOwn(constraints, path) ? constraints[path] : undefined;
    if (constraint === undefined) return [{ path, message: 'has no condition' }];
    return holds(constraint, value) ? [] : [{ path, message: 'does not fit its condition' }];
  });
  return [...missing, ...different];
}

/** Whether a grant with these constraints covers a call with these arguments. What cannot be read covers nothing. */
export function coversArguments(constraints: unknown, args: JsonValue): boolean {
  const parsed = parseGrantConstraints(constraints);
  return parsed.ok && mismatches(parsed.constraints, args).length === 0;
}

/**
 * What keeps these from being the constraints of a grant; with `args`, of one that a decision about that call gives:
 * however far they are widened, they name every argument and cover the call itself. Paths point into the constraints.
 */
export function grantConstraintsFaults(given: unknown, args?: JsonValue): readonly ValueFault[] {
  const parsed = parseGrantConstraints(given);
  if (!parsed.ok) return parsed.faults;
  if (args === undefined) return [];
  return mismatches(parsed.constraints, args).map(({ path, message }) => ({ path: jsonPointer([path]), message }));
}
