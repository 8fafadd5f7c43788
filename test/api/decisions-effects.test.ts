// What goes along with a decision, and answers to questions: on real runs.
import { z } from 'zod';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { askUser } from '../../src/adapters/tools/built-in/ask-user.ts';
import type { Approval } from '../../src/contract/approvals.ts';
import type { DecisionReceipt } from '../../src/contract/decisions.ts';
import type { RuleInput } from '../../src/domain/policy/policy-schema.ts';
import { asksFor, asksForAll, recordingTool, says, testAgent } from '../../src/testing/index.ts';
import type { Answer, Person, World } from '../../src/testing/index.ts';
import type { StartedRun } from '../../src/testing/person.ts';
import { testWorld } from '../support/world.ts';

const refund = recordingTool('refund', { input: z.strictObject({ order: z.int(), amount: z.number() }) });
const policy: RuleInput[] = [
  {
    id: 'ask',
    match: 'refund',
    effect: 'ask',
    stateEditable: ['customer', 'orders.*.note'],
    grantable: { scopes: ['run', 'conversation'], maxTtl: '8h', maxUses: 2 },
  },
];
const call = (amount: number) => asksFor('refund', { order: 7, amount });
const asking = (args: object) => asksFor('ask_user', args as never);

const agents = [
  testAgent({ tools: [refund], policy, script: [call(10), call(10), call(10), call(10), says('Done.')] }),
  testAgent({ name: 'pair', tools: [refund], policy, script: [asksForAll([call(1), call(2)]), says('Done.')] }),
  testAgent({
    name: 'curious',
    tools: [askUser()],
    script: [
      asking({ question: 'Which region?', options: ['north', 'south'] }),
      asking({ question: 'How many?', schema: { type: 'integer', minimum: 1 } }),
      says('Done.'),
    ],
  }),
];

let world: World;
let anna: Person;
let ben: Person;

beforeAll(async () => {
  world = await testWorld({ agents });
  [anna, ben] = await Promise.all([world.person('anna'), world.person('ben')]);
});
afterAll(() => world[Symbol.asyncDispose]());

const receipt = (answer: Answer) => {
  expect(answer.status, JSON.stringify(answer.body)).toBe(200);
  return answer.body as DecisionReceipt;
};
const effectsOf = ({ runId }: StartedRun) => refund.callsOf(runId);
const stateOf = async (run: StartedRun) => (await run.get()).state;

describe('S0.2 S0.3 state edits', () => {
  const state = { customer: { tier: 'silver' }, orders: [{ id: 7 }] };
  const gold = [
    { path: 'customer.tier', value: 'gold' },
    { path: 'orders.0.note', value: 'seen' },
  ];

  test('they are there once the decision has won, and shown with it', async () => {
    const run = await anna.startRun({ agent: 'pair', state });
    await run.settles();
    const [approval] = await run.approvals();
    const given = receipt(await ben.run(run.runId).decide(approval as Approval, 'approve', { stateEdits: gold }));
    expect(given.approval.decision?.stateEdits).toEqual(gold);
    expect(await stateOf(run)).toEqual({ customer: { tier: 'gold' }, orders: [{ id: 7, note: 'seen' }] });
    const decided = await run.event('approval.decided');
    expect(decided).toMatchObject({
      data: { statePaths: gold.map(({ path }) => path) },
      content: { stateEdits: gold },
    });
    await run.cancel();
  });

  test('of ten decisions at once only the winner sets anything', async () => {
    const run = await anna.startRun({ agent: 'pair', state });
    await run.settles();
    const [approval] = await run.approvals();
    const people = await Promise.all(Array.from({ length: 10 }, (_, index) => world.person(`p${index}`)));
    const answers = await Promise.all(
      people.map((person, index) => {
        const stateEdits = [{ path: 'customer.tier', value: `tier-${index}` }];
        return person.run(run.runId).decide(approval as Approval, 'approve', { stateEdits });
      }),
    );
    const winner = answers.findIndex(({ status }) => status === 200);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(await stateOf(run)).toMatchObject({ customer: { tier: `tier-${winner}` } });
    await run.cancel();
  });

  test('they never go through a single value, and never leave a gap in a list', async () => {
    const run = await anna.startRun({ agent: 'pair', state });
    await run.settles();
    const [approval] = await run.approvals();
    for (const path of ['customer.tier.name', 'orders.3.note', 'orders.first.note']) {
      const stateEdits = [{ path, value: 1 }];
      const answer = await ben.run(run.runId).decide(approval as Approval, 'approve', { stateEdits });
      expect(answer).toMatchObject({ status: 422, body: { code: 'invalid_state_path' } });
    }
    expect(await stateOf(run)).toEqual(state);
    await run.cancel();
  });
});

describe('B11 remembered decisions', () => {
  test('the next equal calls run by the grant, until it is used up', async () => {
    const run = await anna.startRun({});
    const approval = await run.pending();
    expect(approval.grantable).toMatchObject({ scopes: ['run', 'conversation'], maxUses: 2 });
    const remember = { scope: 'run', ttl: '1h', uses: 2 };
    const given = receipt(await ben.run(run.runId).decide(approval, 'approve', { remember }));
    expect(given.grantId).toMatch(/^grant_[a-z2-7]{26}$/);
    const again = await run.pending();
    expect([again.turn, effectsOf(run).length]).toEqual([4, 3]);
    const used = (await run.events()).filter(({ type }) => type === 'grant.used');
    expect(used.map(({ data }) => [data['grantId'], data['uses']])).toEqual([
      [given.grantId, 1],
      [given.grantId, 2],
    ]);
    await run.cancel();
  });

  test('of two decisions at once only the winner is remembered', async () => {
    const run = await anna.startRun({});
    const approval = await run.pending();
    const remember = { scope: 'run', ttl: '1h', uses: 1 };
    const [granting, rejecting] = await Promise.all([
      ben.run(run.runId).decide(approval, 'approve', { remember }),
      anna.run(run.runId).decide(approval, 'reject'),
    ]);
    if (granting.status === 200) {
      expect(rejecting.status).toBe(409);
      expect((await run.pending()).turn).toBe(3);
    } else {
      expect([granting.status, rejecting.status]).toEqual([409, 200]);
      // The same call again is refused at once, whatever grant was proposed.
      expect(await run.settles()).toMatchObject({ status: 'completed' });
      expect(effectsOf(run)).toEqual([]);
    }
    await run.cancel();
  });
});

describe('S1.3 questions', () => {
  test('who asked for the run answers them; what does not fit is refused and the question stays', async () => {
    const requester = await world.person('rita', { roles: ['requester'] });
    const run = await requester.startRun({ agent: 'curious' });
    const first = await run.pending();
    expect(first).toMatchObject({
      kind: 'question',
      allowedDecisions: ['respond', 'reject'],
      question: { question: 'Which region?', options: ['north', 'south'] },
      viewer: { canDecide: true, decisions: ['respond', 'reject'] },
    });
    expect(await run.decide(first, 'respond', { response: 'west' })).toMatchObject({
      status: 422,
      body: { code: 'invalid_response' },
    });
    expect(await run.decide(first, 'approve')).toMatchObject({ status: 422, body: { code: 'decision_not_allowed' } });
    expect(receipt(await run.decide(first, 'respond', { response: 'north' })).approval.status).toBe('answered');
    const second = await run.pending();
    expect(second.question?.schema).toEqual({ type: 'integer', minimum: 1 });
    expect(await run.decide(second, 'respond', { response: '3' })).toMatchObject({ status: 422 });
    receipt(await ben.run(run.runId).decide(second, 'respond', { response: 3 }));
    expect(await run.settles()).toMatchObject({ status: 'completed' });
    const results = (await run.events()).filter(({ type }) => type === 'tool.completed');
    expect(results.map(({ content }) => content?.result)).toEqual(['north', 3]);
  });

  test('a requester answers no questions of others, and approves no calls, not even of their own runs', async () => {
    const rita = await world.person('rita', { roles: ['requester'] });
    const run = await anna.startRun({ agent: 'curious' });
    const question = await run.pending();
    const foreign = await rita.run(run.runId).decide(question, 'respond', { response: 'north' });
    expect(foreign).toMatchObject({ status: 404, body: { code: 'approval_not_found' } });
    const own = await rita.startRun({});
    const approval = await own.pending();
    expect(approval.viewer).toMatchObject({ canDecide: false, why: { code: 'forbidden' } });
    expect(await own.decide(approval, 'approve')).toMatchObject({ status: 403, body: { code: 'forbidden' } });
    await Promise.all([run.cancel(), own.cancel()]);
  });
});
