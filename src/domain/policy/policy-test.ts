/** A table of calls and what policy has to say of them: the tests of a policy, as its authors write them. */
import { z } from 'zod';
import { jsonPointer } from '../arguments/json-value.ts';
import type { ValueFault } from '../arguments/json-value.ts';
import type { Verdict as RecordedVerdict } from '../schemas/approval.ts';
import { compilePolicy } from './compile.ts';
import { durationSchema, durationText } from './duration.ts';
import { DECISIONS, EFFECTS, EXPIRY_OUTCOMES, RISKS } from './policy-schema.ts';
import { describedCallSchema, simulate } from './simulate.ts';

const names = z.array(z.string());

/** What is left out is not compared. */
const expectationSchema = z.strictObject({
  effect: z.enum(EFFECTS).optional(),
  rule: z.string().optional(),
  layer: z.string().optional(),
  risk: z.enum(RISKS).optional(),
  /** The most that any of the approver rules wants. */
  approvals: z.int().optional(),
  /** All groups that any of the approver rules names. */
  groups: names.optional(),
  users: names.optional(),
  notRequester: z.boolean().optional(),
  reasonRequired: z.boolean().optional(),
  allowedDecisions: z.array(z.enum(DECISIONS)).optional(),
  decideWithin: durationSchema.optional(),
  executeWithin: durationSchema.optional(),
  onExpire: z.enum(EXPIRY_OUTCOMES).optional(),
  grantable: z.boolean().optional(),
  stateEditable: names.optional(),
  channels: names.optional(),
  /** What the layers in shadow mode would have said; `same` where it makes no difference. */
  shadow: z.enum([...EFFECTS, 'same']).optional(),
});
type Expectation = z.output<typeof expectationSchema>;

const caseSchema = z.strictObject({
  name: z.string().min(1).max(200).optional(),
  ...describedCallSchema.shape,
  expect: z.union([z.enum(EFFECTS), expectationSchema]),
});

export const policyTestSchema = z.strictObject({
  /** The layers, as they are deployed. */
  policy: z.array(z.unknown()).min(1).max(12),
  /** Groups that exist: any other is a fault. */
  groups: names.optional(),
  /** Members of groups, where a quorum shall be checked against them. */
  members: z.record(z.string(), names).optional(),
  cases: z.array(caseSchema).min(1).max(10_000),
});

export interface Difference {
  readonly field: string;
  readonly expected: string;
  readonly actual: string;
}

export interface PolicyCaseResult {
  readonly name: string;
  readonly tool: string;
  readonly verdict: RecordedVerdict;
  /** Empty where the case passes. */
  readonly differences: readonly Difference[];
}

export type PolicyTestResult =
  | { readonly ok: true; readonly digest: string; readonly cases: readonly PolicyCaseResult[]; readonly failed: number }
  | { readonly ok: false; readonly faults: readonly ValueFault[] };

/** Runs a test file, already parsed. Faults name their place by JSON pointer into it. */
export function runPolicyTest(input: unknown): PolicyTestResult {
  const parsed = policyTestSchema.safeParse(input);
  if (!parsed.success) {
    const faults = parsed.error.issues.map(({ path, message }) => ({ path: jsonPointer(path), message }));
    return { ok: false, faults };
  }
  const { policy, groups, members, cases } = parsed.data;
  const compiled = compilePolicy(policy, { ...(groups && { groups }), ...(members && { members }) });
  if (!compiled.ok) {
    const faults = compiled.faults.map(({ path, message }) => ({ path: `/policy${path}`, message }));
    return { ok: false, faults };
  }
  const results = cases.map(({ name, expect, ...call }, index): PolicyCaseResult => {
    const verdict = simulate(compiled.compiled, call);
    const expectation = typeof expect === 'string' ? { effect: expect } : expect;
    const tool = typeof call.tool === 'string' ? call.tool : call.tool.name;
    return {
      name: name ?? `case ${index + 1}`,
      tool,
      verdict,
      differences: differencesOf(expectation, verdict),
    };
  });
  const failed = results.filter(({ differences }) => differences.length > 0).length;
  return { ok: true, digest: compiled.digest, cases: results, failed };
}

/** Each field of an expectation, as the verdict has it. */
const ACTUAL: { readonly [Field in keyof Expectation]-?: (verdict: RecordedVerdict) => unknown } = {
  effect: ({ effect }) => effect,
  rule: ({ ruleId }) => ruleId,
  layer: ({ layer }) => layer ?? 'default',
  risk: ({ risk }) => risk,
  approvals: ({ approverRules }) => Math.max(0, ...approverRules.map((rule) => rule.approvals)),
  groups: ({ approverRules }) => distinct(approverRules.flatMap((rule) => rule.groups ?? [])),
  users: ({ approverRules }) => distinct(approverRules.flatMap((rule) => rule.users ?? [])),
  notRequester: ({ approverRules }) => approverRules.some((rule) => rule.notRequester),
  reasonRequired: ({ approverRules }) => approverRules.some((rule) => rule.reasonRequired),
  allowedDecisions: ({ allowedDecisions }) => distinct(allowedDecisions),
  decideWithin: ({ decideWithinMs }) => decideWithinMs,
  executeWithin: ({ executeWithinMs }) => executeWithinMs,
  onExpire: ({ onExpire }) => onExpire,
  grantable: ({ grantable }) => grantable !== undefined,
  stateEditable: ({ stateEditable = [] }) => distinct(stateEditable),
  channels: ({ channels = [] }) => distinct(channels),
  shadow: ({ shadow }) => shadow?.effect ?? 'same',
};

const distinct = (values: readonly string[]): string[] => [...new Set(values)].toSorted();

const textOf = (field: string, value: unknown): string => {
  if (Array.isArray(value)) return value.length > 0 ? value.map(String).toSorted().join(', ') : 'none';
  return field.endsWith('Within') ? durationText(Number(value)) : String(value);
};

const differencesOf = (expectation: Expectation, verdict: RecordedVerdict): Difference[] =>
  Object.entries(expectation).flatMap(([field, wanted]) => {
    if (wanted === undefined) return [];
    const expected = textOf(field, wanted);
    const actual = textOf(field, ACTUAL[field as keyof Expectation](verdict));
    return expected === actual ? [] : [{ field, expected, actual }];
  });
