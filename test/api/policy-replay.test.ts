import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { PolicyReplay } from '../../src/contract/policy.ts';
import type { Problem } from '../../src/contract/problem.ts';
import type { JsonValue } from '../../src/domain/arguments/json-value.ts';
import { callFacts } from '../../src/domain/consent/judge-call.ts';
import { digestOf } from '../../src/domain/core/digest.ts';
import { compilePolicy } from '../../src/domain/policy/compile.ts';
import { evaluatePolicy } from '../../src/domain/policy/evaluate.ts';
import { Verdict } from '../../src/domain/schemas/approval.ts';
import type { JudgedCall } from '../../src/domain/schemas/event.ts';
import { putDefinition } from '../../src/store/definitions.ts';
import { createApiWorld, scope } from './api-world.ts';
import type { ApiWorld } from './api-world.ts';
import { cashierDefinition } from './cashier.ts';
import { agentDigestOf } from './definition.ts';
import { scriptedRun } from './run-script.ts';

let world: ApiWorld;
let operator: string;
let requester: string;
beforeAll(async () => {
  world = await createApiWorld();
  operator = (await world.newKey({ principal: 'otto', roles: ['operator'] })).key;
  requester = (await world.newKey({ principal: 'rita', roles: ['requester'] })).key;
  const definition = cashierDefinition();
  await putDefinition(world.store, scope, definition, agentDigestOf(definition));
});
afterAll(() => world[Symbol.asyncDispose]());

const replay = (body: object, key = operator) =>
  world.call<PolicyReplay & Problem>('POST', '/v1/policy/replay', { key, body });

const strict = { name: 'project', rules: [{ id: 'all', match: '*', effect: 'ask', approvers: { approvals: 2 } }] };

/** A run of the cashier that has called refund with these amounts, as its model step would have recorded it. */
async function recordedRun(...amounts: number[]): Promise<string> {
  const run = await scriptedRun(world, world.key, 'cashier');
  const definition = cashierDefinition();
  const compiled = compilePolicy(definition.policy);
  const [tool] = definition.tools;
  if (!compiled.ok || !tool) throw new Error('the definition of this test is not whole');
  const facts = {
    turn: 1,
    startedAt: '2026-03-02T18:30:00.000Z',
    usage: { inputTokens: 1, outputTokens: 1, turns: 1, toolCalls: 0 },
  };
  const start = { agent: 'cashier', requester: { principal: 'ada', groups: ['support'] } };
  const calls: JudgedCall[] = [];
  for (const [index, amount] of amounts.entries()) {
    const args: JsonValue = { amount };
    const verdict = Verdict.parse(
      evaluatePolicy(compiled.compiled, callFacts({ start, path: ['cashier'], tool, facts }, args)),
    );
    calls.push({
      toolCallId: `call_1_${index}`,
      tool: 'refund',
      argumentsRef: await run.keeps(args),
      factsRef: await run.keeps(facts),
      digest: digestOf(`${run.runId} ${index}`),
      verdict,
    });
  }
  const messageRef = await run.keeps({ text: '', calls: [] });
  await run.happens(
    { type: 'turn.started', at: Date.now(), data: { turn: 1 } },
    { type: 'message.completed', at: Date.now(), data: { turn: 1, messageRef, finishReason: 'stop', calls } },
  );
  return run.runId;
}

describe('B12 replay on recorded calls', () => {
  let runId: string;
  beforeAll(async () => {
    runId = await recordedRun(20, 90, 150);
    await recordedRun(300);
  });

  test('what a policy would have asked more, with examples', async () => {
    const { status, body } = await replay({ layers: [strict] });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      calls: 4,
      counts: { same: 0, stricter: 4, laxer: 0, different: 0 },
      tools: [
        { tool: 'refund', calls: 4, before: { allow: 2, ask: 2, deny: 0 }, after: { allow: 0, ask: 4, deny: 0 } },
      ],
      skipped: 0,
      truncated: false,
    });
    expect(
      body.examples.stricter.find((example) => example.toolCallId === 'call_1_1' && example.runId === runId),
    ).toMatchObject({
      tool: 'refund',
      requester: 'ada',
      arguments: { amount: 90 },
      before: { effect: 'allow', ruleId: 'small', approvals: 0 },
      after: { effect: 'ask', ruleId: 'all', layer: 'project', approvals: 2 },
    });
  });

  test('what it would have asked less, and otherwise', async () => {
    const limit = {
      name: 'agent',
      rules: [
        { id: 'small', match: 'refund', when: 'args.amount <= 200', effect: 'allow' },
        { id: 'large', match: 'refund', when: 'args.amount > 200', effect: 'ask', approvers: { groups: ['board'] } },
      ],
    };
    const { body } = await replay({ layers: [limit] });
    expect(body.counts).toEqual({ same: 2, stricter: 0, laxer: 1, different: 1 });
    expect(body.examples.laxer).toMatchObject([{ arguments: { amount: 150 } }]);
    expect(body.examples.different).toMatchObject([{ arguments: { amount: 300 } }]);
  });

  test('as many calls as are asked for, newest runs first; by tool, agent and time', async () => {
    expect((await replay({ layers: [strict], limit: 1 })).body).toMatchObject({
      calls: 1,
      truncated: true,
      examples: { stricter: [{ arguments: { amount: 300 } }] },
    });
    expect((await replay({ layers: [strict], tool: 'deploy' })).body.calls).toBe(0);
    expect((await replay({ layers: [strict], agent: 'refunds' })).body.calls).toBe(0);
    expect((await replay({ layers: [strict], agent: 'cashier' })).body.calls).toBe(4);
    expect((await replay({ layers: [strict], since: new Date(Date.now() + 60_000).toISOString() })).body.calls).toBe(0);
  });

  test('another project has no such calls; a policy with faults is refused', async () => {
    const other = await world.newKey({ principal: 'olga', roles: ['operator'], projects: ['depot'] });
    expect((await replay({ layers: [strict] }, other.key)).body.calls).toBe(0);
    expect((await replay({ layers: [{ ...strict, mode: 'off' }] })).body).toMatchObject({
      code: 'invalid_policy',
      errors: [{ pointer: '/layers/0/mode' }],
    });
    expect((await replay({ layers: [strict] }, requester)).status).toBe(403);
  });
});
