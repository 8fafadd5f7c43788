// Every kind of decision on a real run: real HTTP, real Temporal, real PostgreSQL. Only the model is scripted.
import { z } from 'zod';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Approval } from '../../src/contract/approvals.ts';
import type { DecisionReceipt, DecisionView } from '../../src/contract/decisions.ts';
import { asksFor, recordingTool, says, testAgent } from '../../src/testing/index.ts';
import type { Answer, Person, ScriptedStep, World } from '../../src/testing/index.ts';
import type { StartedRun } from '../../src/testing/person.ts';
import { verifyStoredChain } from '../../src/store/verify-stored-chain.ts';
import { testWorld } from '../support/world.ts';

const input = z.strictObject({ order: z.int(), amount: z.number() });
const refund = recordingTool('refund', { input });
const policy = [
  { id: 'ask', match: 'refund', effect: 'ask' },
  {
    id: 'two-votes',
    match: 'refund',
    when: 'args.amount > 500',
    effect: 'ask',
    risk: 'high',
    approvers: { approvals: 2, rejections: 2 },
  },
  { id: 'too-much', match: 'refund', when: 'args.amount > 5000', effect: 'deny' },
] as const;

/** What the model was told of the last call. */
let told: string | undefined;
const ends: ScriptedStep = ({ messages }) => {
  told = messages.at(-1)?.text;
  return says('Done.');
};
const agentOf = (name: string, amount: number) =>
  testAgent({ name, tools: [refund], policy, script: [asksFor('refund', { order: 7, amount }), ends] });

let world: World;
let anna: Person;
let ben: Person;
let cleo: Person;

beforeAll(async () => {
  world = await testWorld({ agents: [agentOf('small', 100), agentOf('large', 600)] });
  [anna, ben, cleo] = await Promise.all([world.person('anna'), world.person('ben'), world.person('cleo')]);
});
afterAll(() => world[Symbol.asyncDispose]());

const runOf = async (agent: string): Promise<{ run: StartedRun; approval: Approval }> => {
  const run = await anna.startRun({ agent });
  return { run, approval: await run.pending() };
};

const by = (person: Person, run: StartedRun) => person.run(run.runId);
const effectsOf = ({ runId }: StartedRun) => refund.callsOf(runId);
const receipt = (answer: Answer) => {
  expect(answer.status, JSON.stringify(answer.body)).toBe(200);
  return answer.body as DecisionReceipt;
};
const current = async (run: StartedRun, { key }: { key: string }) =>
  (await anna.request<Approval>('GET', `/v1/runs/${run.runId}/approvals/${key}`)).body;
const count = (types: readonly string[], type: string) => types.filter((one) => one === type).length;

describe('edit', () => {
  test('S1.2 within the rule it decides, and what runs is what was edited', async () => {
    const { run, approval } = await runOf('small');
    const given = receipt(await by(ben, run).decide(approval, 'edit', { arguments: { amount: 50, order: 7 } }));
    expect(given).toMatchObject({
      outcome: 'recorded',
      approval: { status: 'approved', revision: 1, arguments: { order: 7, amount: 50 }, decision: { edited: true } },
    });
    expect(given.approval.digest).not.toBe(approval.digest);
    expect(await run.settles()).toMatchObject({ status: 'completed' });
    expect(effectsOf(run).map((call) => call.arguments)).toEqual([{ order: 7, amount: 50 }]);
    expect(told).toContain('It ran with: {"amount":50,"order":7}');
    const decided = (await run.events()).find(({ type }) => type === 'approval.decided');
    expect(decided?.content).toMatchObject({ arguments: { order: 7, amount: 50 } });
    expect(await verifyStoredChain(world.store, world.scope, run.runId)).toMatchObject({ ok: true });
  });

  test('S1.2 100 becomes 600, for which policy wants two: the next revision pends, and the editor has no vote', async () => {
    const { run, approval } = await runOf('small');
    const edited = { arguments: { order: 7, amount: 600 } };
    const given = receipt(await by(ben, run).decide(approval, 'edit', edited));
    expect(given).toMatchObject({
      outcome: 'revised',
      approval: {
        status: 'pending',
        revision: 2,
        editor: 'ben',
        arguments: { order: 7, amount: 600 },
        previousArguments: { order: 7, amount: 100 },
        progress: [{ approved: 0, approvals: 2 }],
      },
    });
    // The same again: nothing more happens, whatever the approval has become.
    expect(receipt(await by(ben, run).decide(approval, 'edit', edited)).outcome).toBe('already_recorded');
    // Consent to the first revision is none to the second.
    expect(await by(cleo, run).decide(approval, 'approve')).toMatchObject({
      status: 409,
      body: { code: 'digest_mismatch', currentDigest: given.approval.digest, currentRevision: 2 },
    });
    const next = given.approval;
    expect(await by(ben, run).decide(next, 'approve')).toMatchObject({ status: 403, body: { code: 'self_approval' } });
    expect(receipt(await by(cleo, run).decide(next, 'approve')).outcome).toBe('vote_recorded');
    expect(receipt(await by(anna, run).decide(next, 'approve')).outcome).toBe('recorded');
    expect(await run.settles()).toMatchObject({ status: 'completed' });
    expect(effectsOf(run).map((call) => call.arguments)).toEqual([{ order: 7, amount: 600 }]);
    expect(told).toContain('It ran with: {"amount":600,"order":7}');
    const types = await run.types();
    expect([count(types, 'approval.requested'), count(types, 'approval.superseded')]).toEqual([2, 1]);
  });

  test('S1.2 of 100 to 1,000,000: refused by policy, and still open to be approved as it was', async () => {
    const { run, approval } = await runOf('small');
    const answer = await by(ben, run).decide(approval, 'edit', { arguments: { order: 7, amount: 1_000_000 } });
    expect(answer).toMatchObject({ status: 422, body: { code: 'policy_denied' } });
    receipt(await by(ben, run).decide(approval, 'approve'));
    expect(await run.settles()).toMatchObject({ status: 'completed' });
    expect(effectsOf(run).map((call) => call.arguments)).toEqual([{ order: 7, amount: 100 }]);
    expect(told).not.toContain('A person changed');
  });
});

describe('votes', () => {
  test('S1.6 two of two: the first vote counts, the second decides, and the progress is shown', async () => {
    const { run, approval } = await runOf('large');
    expect(approval).toMatchObject({ progress: [{ text: '0 of 2' }], votes: [], viewer: { vote: null } });
    const first = receipt(await by(ben, run).decide(approval, 'approve', { reason: 'Seen the invoice.' }));
    expect(first).toMatchObject({
      outcome: 'vote_recorded',
      approval: {
        status: 'pending',
        progress: [{ text: '1 of 2' }],
        votes: [{ principal: 'ben', decision: 'approve', reason: 'Seen the invoice.' }],
        viewer: { canDecide: false, vote: 'approve', why: { code: 'already_voted' } },
      },
    });
    expect(receipt(await by(ben, run).decide(approval, 'approve')).outcome).toBe('already_recorded');
    expect(await by(ben, run).decide(approval, 'reject')).toMatchObject({
      status: 409,
      body: { code: 'already_voted', winner: { principal: 'ben', decision: 'approve', decisionId: first.decisionId } },
    });
    const path = `/v1/runs/${run.runId}/approvals/${approval.key}/decisions/${first.decisionId}`;
    expect((await ben.request<DecisionView>('GET', path)).body).toMatchObject({ outcome: 'vote_recorded' });
    const second = receipt(await by(cleo, run).decide(approval, 'approve'));
    expect(second).toMatchObject({
      outcome: 'recorded',
      approval: { status: 'approved', progress: [{ text: '2 of 2' }] },
    });
    expect(await run.settles()).toMatchObject({ status: 'completed' });
    expect(effectsOf(run)).toHaveLength(1);
  });

  test('S1.6 a second credential of the same person is no second vote', async () => {
    const { run, approval } = await runOf('large');
    const otherKey = await world.person('ben');
    receipt(await by(ben, run).decide(approval, 'approve'));
    expect(receipt(await by(otherKey, run).decide(approval, 'approve')).outcome).toBe('already_recorded');
    expect(await current(run, approval)).toMatchObject({ status: 'pending', progress: [{ text: '1 of 2' }] });
    expect(effectsOf(run)).toEqual([]);
    await run.cancel();
  });

  test('S1.6 a rule that wants two rejections is not ended by one', async () => {
    const { run, approval } = await runOf('large');
    expect(receipt(await by(ben, run).decide(approval, 'reject', { reason: 'No.' })).outcome).toBe('vote_recorded');
    expect(receipt(await by(cleo, run).decide(approval, 'reject', { reason: 'No.' })).outcome).toBe('recorded');
    expect(await run.settles()).toMatchObject({ status: 'completed' });
    expect(effectsOf(run)).toEqual([]);
  });
});

describe('respond and request_changes', () => {
  test("S1.2 the answer takes the place of the tool's result, and the tool is never entered", async () => {
    const { run, approval } = await runOf('small');
    const response = { refunded: 'by hand', voucher: 17 };
    const given = receipt(await by(ben, run).decide(approval, 'respond', { response }));
    expect(given).toMatchObject({ outcome: 'recorded', approval: { status: 'answered', decision: { response } } });
    expect(receipt(await by(ben, run).decide(approval, 'respond', { response })).outcome).toBe('already_recorded');
    expect(await by(ben, run).decide(approval, 'respond', { response: 'Otherwise.' })).toMatchObject({
      status: 409,
      body: { code: 'already_decided' },
    });
    expect(await run.settles()).toMatchObject({ status: 'completed' });
    expect(effectsOf(run)).toEqual([]);
    const completed = (await run.events()).find(({ type }) => type === 'tool.completed');
    expect(completed).toMatchObject({ data: { suppliedBy: 'person' }, content: { result: response } });
  });

  test('B5 changes are asked for: the approval is superseded and the comment reaches the model', async () => {
    const { run, approval } = await runOf('small');
    const reason = 'Only half of it.';
    const given = receipt(await by(ben, run).decide(approval, 'request_changes', { reason }));
    expect(given).toMatchObject({ outcome: 'recorded', approval: { status: 'superseded', decision: { reason } } });
    expect(receipt(await by(ben, run).decide(approval, 'request_changes', { reason })).outcome).toBe(
      'already_recorded',
    );
    expect(await by(cleo, run).decide(approval, 'approve')).toMatchObject({
      status: 409,
      body: { code: 'superseded' },
    });
    await run.settles();
    expect(effectsOf(run)).toEqual([]);
    const denied = (await run.events()).find(({ type }) => type === 'tool.denied');
    expect(denied).toMatchObject({ data: { code: 'changes_requested' }, content: { reason } });
  });
});

describe('repeats under one key', () => {
  const send = (run: StartedRun, { key }: Approval, body: object) =>
    ben.request<DecisionReceipt & { code?: string }>('POST', `/v1/runs/${run.runId}/approvals/${key}/decisions`, {
      headers: { 'idempotency-key': 'once' },
      body,
    });

  test.each([
    ['an approval', 'small', {}, 'recorded', { reason: 'Later thought.' }],
    [
      'an edit',
      'small',
      { decision: 'edit', arguments: { order: 7, amount: 50 } },
      'recorded',
      { arguments: { order: 7, amount: 51 } },
    ],
    [
      'an edit that others must agree to',
      'small',
      { decision: 'edit', arguments: { order: 7, amount: 600 } },
      'revised',
      { arguments: { order: 7, amount: 601 } },
    ],
    ['an answer', 'small', { decision: 'respond', response: 'Paid.' }, 'recorded', { response: 'Not paid.' }],
    [
      'a request for changes',
      'small',
      { decision: 'request_changes', reason: 'Less.' },
      'recorded',
      { reason: 'More.' },
    ],
    ['a vote', 'large', {}, 'vote_recorded', { decision: 'reject' }],
  ] as const)(
    'B4 %s is answered as the first was; with other words it is 422',
    async (_name, agent, said, outcome, other) => {
      const { run, approval } = await runOf(agent);
      const body = { decision: 'approve', digest: approval.digest, ...said };
      const [first, atOnce] = await Promise.all([send(run, approval, body), send(run, approval, body)]);
      const later = await send(run, approval, body);
      for (const answer of [first, atOnce, later])
        expect(answer).toMatchObject({ status: 200, body: { outcome, decisionId: first.body.decisionId } });
      const changed = await send(run, approval, { ...body, ...other });
      expect([changed.status, changed.body.code]).toEqual([422, 'idempotency_mismatch']);
      const types = await run.types();
      const telling = ['approval.decided', 'approval.vote_recorded', 'approval.superseded'];
      expect(telling.reduce((sum, type) => sum + count(types, type), 0)).toBe(1);
      await run.cancel();
    },
  );
});

describe('what is kept', () => {
  test('B1 that somebody who may decide it was shown it is told once a person and revision', async () => {
    const { run, approval } = await runOf('small');
    await current(run, approval);
    await current(run, approval);
    await ben.request('GET', `/v1/runs/${run.runId}/approvals/${approval.key}`);
    const auditor = await world.person('olga', { roles: ['auditor'] });
    await auditor.request('GET', `/v1/runs/${run.runId}/approvals/${approval.key}`);
    const shown = (await run.events()).filter(({ type }) => type === 'approval.shown');
    expect(shown.map(({ data }) => (data['actor'] as { principal: string }).principal)).toEqual(['anna', 'ben']);
    expect(shown[0]?.data).toMatchObject({ digest: approval.digest, revision: 1, channel: 'api' });
    await run.cancel();
  });

  test('B1 the tag of an approval changes with its votes, and only with what changes', async () => {
    const { run, approval } = await runOf('large');
    const path = `/v1/runs/${run.runId}/approvals/${approval.key}`;
    const tag = async (known?: string) => {
      const answer = await anna.request(
        'GET',
        path,
        known === undefined ? {} : { headers: { 'if-none-match': known } },
      );
      return { status: answer.status, etag: answer.headers.get('etag') ?? '' };
    };
    const first = await tag();
    expect(await tag(first.etag)).toEqual({ status: 304, etag: first.etag });
    receipt(await by(ben, run).decide(approval, 'approve'));
    expect((await tag(first.etag)).status).toBe(200);
    await run.cancel();
  });

  test('nothing is decided of a run that has ended', async () => {
    const { run, approval } = await runOf('small');
    await run.cancel();
    await run.ends();
    for (const [kind, more] of [
      ['approve', {}],
      ['edit', { arguments: { order: 7, amount: 1 } }],
      ['respond', { response: 'No.' }],
      ['request_changes', { reason: 'No.' }],
    ] as const) {
      const answer = await by(ben, run).decide(approval, kind, more);
      expect(answer).toMatchObject({ status: 410, body: { code: 'run_over' } });
    }
    expect(effectsOf(run)).toEqual([]);
  });
});
