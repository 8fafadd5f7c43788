// What people send that cannot be: each is refused with its code, nothing reaches the run, the approval stays open.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Approval as ApprovalView } from '../../src/contract/approvals.ts';
import type { Problem } from '../../src/contract/problem.ts';
import type { JsonValue } from '../../src/domain/arguments/json-value.ts';
import type { Approval, Verdict } from '../../src/domain/schemas/approval.ts';
import { createApiWorld } from './api-world.ts';
import type { ApiWorld } from './api-world.ts';
import { scriptedRun } from './run-script.ts';
import type { ScriptedRun } from './run-script.ts';
import { TREASURY, putTreasury } from './treasury.ts';

let world: ApiWorld;
let run: ScriptedRun;
let verdict: Verdict;
let factsRef: Approval['factsRef'];

beforeAll(async () => {
  world = await createApiWorld({ limits: { decisionWaitMs: 100, verdictAfterMs: 20 } });
  await putTreasury(world);
  run = await scriptedRun(world, undefined, TREASURY);
  factsRef = await run.keeps({
    turn: 1,
    startedAt: '2026-03-14T09:26:53.589Z',
    usage: { inputTokens: 1, outputTokens: 1, turns: 1, toolCalls: 1 },
  });
  ({ verdict } = await run.asks({ toolCallId: 'call_9_0', key: 'call_9_0' }));
});
afterAll(() => world[Symbol.asyncDispose]());

let calls = 0;
const ask = (changes: Partial<Approval> = {}, args: JsonValue = { order: 7, amount: 100 }): Promise<Approval> => {
  const key = `call_1_${calls++}`;
  const all: Verdict['allowedDecisions'] = ['approve', 'reject', 'edit', 'respond', 'request_changes'];
  const asking: Verdict = {
    ...verdict,
    ruleId: 'ask',
    risk: 'medium',
    allowedDecisions: all,
    approverRules: [ANYBODY],
  };
  return run.asks({ toolCallId: key, key, verdict: asking, ...(factsRef && { factsRef }), ...changes }, args);
};

const ANYBODY = { approvals: 1, rejections: 1, notRequester: false, reasonRequired: false };

const pathOf = ({ runId, key }: { runId: string; key: string }) => `/v1/runs/${runId}/approvals/${key}`;
const decide = (approval: Approval, body: object, key?: string) =>
  world.call('POST', `${pathOf(approval)}/decisions`, {
    body: { digest: approval.digest, ...body },
    ...(key !== undefined && { key }),
  });

/** Refused with this code, and nothing has come of it. */
async function expectRefused(approval: Approval, body: object, status: number, code: string): Promise<Problem> {
  const sent = world.gateway.commands.length;
  const answer = await decide(approval, body);
  expect([answer.status, answer.body.code]).toEqual([status, code]);
  expect(world.gateway.commands.length).toBe(sent);
  const now = await world.call<ApprovalView>('GET', pathOf(approval));
  expect(now.body).toMatchObject({
    status: 'pending',
    revision: 1,
    digest: approval.digest,
    votes: [],
    decision: null,
  });
  return answer.body;
}

describe('S1.2 edits', () => {
  test.each([
    ['null', null],
    ['a list', [{ order: 7, amount: 1 }]],
    ['text', '{"order":7,"amount":1}'],
    ['a number', 7],
    ['nothing of what is needed', {}],
    ['a field of the wrong type', { order: 7, amount: '12' }],
    ['a field out of range', { order: 7, amount: -1 }],
    ['an unknown field', { order: 7, amount: 1, to: 'me' }],
    ['what the call has already', { amount: 100, order: 7 }],
  ])('%s: 422 invalid_arguments, with the place', async (_name, args) => {
    const approval = await ask();
    const problem = await expectRefused(approval, { decision: 'edit', arguments: args }, 422, 'invalid_arguments');
    expect(problem.errors?.[0]?.pointer).toMatch(/^\/arguments/);
  });

  test('what policy denies: 422 policy_denied, in the words of the rule', async () => {
    const body = { decision: 'edit', arguments: { order: 7, amount: 1_000_000 } };
    expect(await expectRefused(await ask(), body, 422, 'policy_denied')).toMatchObject({
      detail: 'Nobody refunds so much.',
    });
  });

  test('without arguments, or without the digest of what was shown: 400', async () => {
    const approval = await ask();
    const problem = await expectRefused(approval, { decision: 'edit' }, 400, 'invalid_request');
    expect(problem.errors).toEqual([{ in: 'body', pointer: '/arguments', detail: 'is required to edit' }]);
    const unseen = { decision: 'edit', arguments: { order: 7, amount: 1 }, digest: undefined };
    await expectRefused(approval, unseen, 400, 'digest_required');
  });

  test('keys that two readers would read differently never get so far', async () => {
    const approval = await ask();
    const raw = `{"decision":"edit","digest":"${approval.digest}","arguments":{"order":7,"amount":1,"amount":9}}`;
    const answer = await world.call('POST', `${pathOf(approval)}/decisions`, { raw });
    expect([answer.status, answer.body.code]).toEqual([400, 'malformed_json']);
    const proto = raw.replace('"amount":9', '"__proto__":{}');
    expect((await world.call('POST', `${pathOf(approval)}/decisions`, { raw: proto })).body.code).toBe(
      'malformed_json',
    );
  });
});

describe('answers', () => {
  test.each([
    ['empty', ''],
    ['white space', ' \n\t '],
    ['null', null],
    ['an empty list', []],
    ['a bare number', 0],
  ])('S1.3 %s: 422 invalid_response', async (_name, response) => {
    await expectRefused(await ask(), { decision: 'respond', response }, 422, 'invalid_response');
  });

  test('too large: 422', async () => {
    const response = 'x'.repeat(70_000);
    await expectRefused(await ask(), { decision: 'respond', response }, 422, 'invalid_response');
  });

  const asked = (args: JsonValue) =>
    ask({ kind: 'question', tool: 'ask_user', verdict: { ...verdict, allowedDecisions: ['respond', 'reject'] } }, args);

  test.each([
    ['not one of the options', { question: 'Where?', options: ['north', 'south'] }, 'west'],
    ['not what the schema says', { question: 'How many?', schema: { type: 'integer', minimum: 1 } }, 0],
    ['blank, though the schema takes text', { question: 'Who?', schema: { type: 'string' } }, '   '],
    [
      'a field too many',
      {
        question: 'When?',
        schema: { type: 'object', properties: { day: { type: 'string' } }, additionalProperties: false },
      },
      { day: 'Monday', hour: 9 },
    ],
  ])('S1.3 to a question, %s: 422 invalid_response', async (_name, args, response) => {
    await expectRefused(await asked(args), { decision: 'respond', response }, 422, 'invalid_response');
  });

  test('a question is neither approved nor edited', async () => {
    await expectRefused(await asked({ question: 'Where?' }), { decision: 'approve' }, 422, 'decision_not_allowed');
  });
});

describe('words and fields', () => {
  test.each([
    ['a blank reason', { decision: 'reject', reason: ' \t\n' }],
    ['an empty reason', { decision: 'reject', reason: '' }],
    ['changes without a comment', { decision: 'request_changes' }],
    ['arguments with an approval', { decision: 'approve', arguments: { order: 1, amount: 1 } }],
    ['an answer with a rejection', { decision: 'reject', response: 'No.' }],
    ['state with a rejection', { decision: 'reject', stateEdits: [{ path: 'a', value: 1 }] }],
    ['a grant with an edit', { decision: 'edit', arguments: {}, remember: { scope: 'run', ttl: '1h', uses: 1 } }],
    ['a decision there is not', { decision: 'defer' }],
    ['a field there is not', { decision: 'approve', revision: 1 }],
    ['no state edits at all', { decision: 'approve', stateEdits: [] }],
    [
      'more state edits than may be',
      { decision: 'approve', stateEdits: Array.from({ length: 51 }, () => ({ path: 'a', value: 1 })) },
    ],
    ['a time that is none', { decision: 'approve', remember: { scope: 'run', ttl: 'forever', uses: 1 } }],
    ['no uses', { decision: 'approve', remember: { scope: 'run', ttl: '1h', uses: 0 } }],
  ])('%s: 400 invalid_request', async (_name, body) => {
    await expectRefused(await ask(), body, 400, 'invalid_request');
  });
});

describe('S0.2 state edits', () => {
  const stateEditable = ['customer', 'order.*.note'];
  const editable = () => ask({ verdict: { ...verdict, allowedDecisions: ['approve'], stateEditable } });
  const edit = (path: string, value: unknown = 1) => ({ decision: 'approve', stateEdits: [{ path, value }] });

  test.each([
    '',
    '.',
    'customer.',
    '.customer',
    'customer..tier',
    '__proto__.x',
    'customer.constructor',
    'customer.prototype.x',
  ])('the path "%s" is none: 422 invalid_state_path', async (path) => {
    const problem = await expectRefused(await editable(), edit(path), 422, 'invalid_state_path');
    expect(problem.errors?.[0]?.pointer).toBe('/stateEdits/0/path');
  });

  test.each(['other', 'order', 'order.1', 'order.1.price', 'customers'])(
    '%s is not one that the rule lists: 422 state_path_not_allowed',
    async (path) => {
      await expectRefused(await editable(), edit(path), 422, 'state_path_not_allowed');
    },
  );

  test('no rule, no path', async () => {
    await expectRefused(await ask(), edit('customer'), 422, 'state_path_not_allowed');
  });

  test('where others must agree, no single decision sets anything', async () => {
    const rules = [{ ...ANYBODY, approvals: 2 }];
    const approval = await ask({ verdict: { ...verdict, stateEditable, approverRules: rules } });
    await expectRefused(approval, edit('customer'), 422, 'state_edits_need_one_decider');
  });
});

describe('B11 what may not be remembered', () => {
  const grantable = { scopes: ['run' as const], maxTtlMs: 3_600_000, maxUses: 5 };
  const remember = (changes: object = {}) => ({
    decision: 'approve',
    remember: { scope: 'run', ttl: '1h', uses: 5, ...changes },
  });
  const one: Partial<Verdict> = { allowedDecisions: ['approve'], approverRules: [ANYBODY] };

  test.each([
    ['by a rule that says nothing of it', {}, remember()],
    ['in another scope', { grantable }, remember({ scope: 'agent' })],
    ['for longer', { grantable }, remember({ ttl: '2h' })],
    ['for more calls', { grantable }, remember({ uses: 6 })],
    [
      'in a conversation that there is not',
      { grantable: { ...grantable, scopes: ['conversation' as const] } },
      remember({ scope: 'conversation' }),
    ],
    ['by one of two', { grantable, approverRules: [{ ...ANYBODY, approvals: 2 }] }, remember()],
    ['with an argument left out', { grantable }, remember({ constraints: { '/order': { equals: 7 } } })],
    [
      'with a condition that is none',
      { grantable },
      remember({ constraints: { '/order': { above: 7 }, '/amount': { any: true } } }),
    ],
  ])('%s: 422 not_grantable', async (_name, changes, body) => {
    await expectRefused(await ask({ verdict: { ...verdict, ...one, ...changes } }), body, 422, 'not_grantable');
  });
});

describe('ids', () => {
  test('an approval is addressed under its own run: another run of the caller has no such approval', async () => {
    const other = await scriptedRun(world);
    const approval = await ask();
    const answer = await decide({ ...approval, runId: other.runId }, { decision: 'approve' });
    expect([answer.status, answer.body.code]).toEqual([404, 'approval_not_found']);
  });

  test('an approval of another tenant or project is unknown', async () => {
    const approval = await ask();
    for (const changes of [{ tenant: 'evil' }, { projects: ['other'] }]) {
      const { key } = await world.newKey(changes);
      expect((await decide(approval, { decision: 'approve' }, key)).body.code).toBe('approval_not_found');
    }
  });

  test('the digest of one approval decides no other', async () => {
    const [one, other] = [await ask(), await ask()];
    const problem = await expectRefused(one, { decision: 'approve', digest: other.digest }, 409, 'digest_mismatch');
    expect(problem.currentDigest).toBe(one.digest);
  });

  test('force is for operators', async () => {
    const { key } = await world.newKey({ principal: 'grace', roles: ['approver'] });
    const answer = await decide(await ask(), { decision: 'approve', force: true }, key);
    expect([answer.status, answer.body.code]).toEqual([403, 'forbidden']);
  });

  test('a rule that names other ways than this one: 403 channel_not_allowed', async () => {
    const approval = await ask({ verdict: { ...verdict, channels: ['chat'] } });
    await expectRefused(approval, { decision: 'approve' }, 403, 'channel_not_allowed');
  });
});
