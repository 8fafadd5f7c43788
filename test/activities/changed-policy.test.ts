/** Policy that has changed since a call was judged: it can only tighten, and a decision is kept where it satisfies it. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { recordingTool, testAgent } from '../../src/testing/index.ts';
import { policyDigest } from '../../src/domain/policy/compile.ts';
import { policyLayerSchema } from '../../src/domain/policy/policy-schema.ts';
import type { RuleInput } from '../../src/domain/policy/policy-schema.ts';
import type { JsonValue } from '../../src/domain/arguments/json-value.ts';
import type { RunToolInput } from '../../src/domain/schemas/step.ts';
import { putPolicyLayer } from '../../src/store/policy-layers.ts';
import { person } from '../support/core.ts';
import { openGate } from '../support/gate.ts';
import type { DispatchOptions, Gate, GateRun } from '../support/gate.ts';
import { TOLD } from '../support/told.ts';

const input = z.strictObject({ amount: z.number() });
const names = ['plain', 'pair', 'free'] as const;
const tools = names.map((name) => recordingTool(name, { input }));
const agent = testAgent({
  script: [],
  tools,
  policy: [
    { id: 'pair', match: 'pair', effect: 'ask', approvers: { approvals: 2 } },
    { id: 'free', match: 'free', effect: 'allow' },
  ],
});

let gate: Gate;
let run: GateRun;
let options: DispatchOptions = {};
beforeAll(async () => {
  gate = await openGate(agent);
  run = await gate.run();
});
afterAll(() => gate[Symbol.asyncDispose]());

const entered = () => tools.reduce((sum, tool) => sum + tool.calls.length, 0);
/** `completed` where the tool ran, just once; else the refusal, and it did not. */
const outcome = async (call: RunToolInput): Promise<string> => {
  const before = entered();
  const result = await gate.dispatch(call, options);
  expect(entered() - before).toBe(result.type === 'completed' ? 1 : 0);
  return result.type === 'refused' ? `${result.code}/${result.then}` : result.type;
};
let index = 0;
const judged = (tool: (typeof names)[number]) => run.judged(tool, { amount: 5 }, index++);
const voteOf = (call: RunToolInput, principal: string, groups: string[] = []) =>
  run.consent(call, {}, { actor: person(principal, groups) });

describe('S2.9 policy that has changed since', () => {
  const today = async (rules: readonly RuleInput[], project = 'web') => {
    const layer = policyLayerSchema.parse({ name: project === '*' ? 'deployment' : 'project', rules });
    const by = { principal: 'adam', nowMs: gate.nowMs };
    await putPolicyLayer(gate.store, { tenant: 'acme', project }, layer, policyDigest([layer]), by, TOLD);
    // A worker looks every two seconds; a fresh one looks at once.
    options = { agents: [agent] };
  };
  afterAll(async () => {
    await today([]);
    options = {};
  });

  const asked = async (call: RunToolInput, args: JsonValue) => {
    const result = await gate.dispatch(call, options);
    if (result.type !== 'refused' || !result.asked) throw new Error(`It was ${JSON.stringify(result)}`);
    const { verdict, digest, revision } = result.asked;
    expect(revision).toBe(call.revision + 1);
    const again = await run.judged(call.tool, args, Number(call.toolCallId.split('_')[2]), { revision, verdict });
    expect(again.digest).toBe(digest);
    return { code: result.code, then: result.then, again, verdict };
  };

  test('asks where it allowed, and runs once people have agreed to that', async () => {
    const call = await judged('free');
    await today([{ id: 'stop', match: 'free', effect: 'ask', approvers: { groups: ['finance'] } }]);
    const { code, then, again, verdict } = await asked(call, { amount: 5 });
    expect(`${code}/${then}`).toBe('policy_changed/ask');
    expect(verdict).toMatchObject({ effect: 'ask', ruleId: 'stop' });
    const wrong = { ...again, evidence: [await voteOf(again, 'anna')] };
    expect(await outcome(wrong)).toBe('consent_not_an_approver/void_consent');
    const right = { ...again, evidence: [await voteOf(again, 'anna', ['finance'])] };
    // Relaxed in between: what people agreed to under the stricter policy still holds.
    await today([]);
    expect(await outcome(right)).toBe('completed');
  });

  test('keeps a decision that satisfies the approvers of today, and asks again where it does not', async () => {
    const kept = await judged('plain');
    const lost = await judged('plain');
    const keptVote = await voteOf(kept, 'anna', ['finance']);
    const lostVote = await voteOf(lost, 'anna');
    await today([{ id: 'now', match: 'plain', effect: 'ask', approvers: { groups: ['finance'] } }]);
    expect(await outcome({ ...kept, evidence: [keptVote] })).toBe('completed');
    const { again } = await asked({ ...lost, evidence: [lostVote] }, { amount: 5 });
    expect(await outcome({ ...again, evidence: [await voteOf(again, 'ben', ['finance'])] })).toBe('completed');
    await today([]);
  });

  test('denies what it denies today, consent or not', async () => {
    const call = await judged('plain');
    const evidence = [await voteOf(call, 'anna')];
    await today([{ id: 'never', match: '*', effect: 'deny' }], '*');
    expect(await outcome({ ...call, evidence })).toBe('policy_denied/deny');
    expect(await outcome(await judged('free'))).toBe('policy_denied/deny');
    await today([], '*');
    expect(await outcome({ ...call, evidence })).toBe('completed');
  });

  test('never loosens what was pinned', async () => {
    const call = await judged('pair');
    await today([{ id: 'all', match: '*', effect: 'allow' }]);
    expect(await outcome({ ...call, basis: 'rule' })).toBe('not_allowed_by_rule/park');
    expect(await outcome({ ...call, evidence: [await voteOf(call, 'anna')] })).toBe(
      'consent_quorum_not_met/void_consent',
    );
    await today([]);
  });
});
