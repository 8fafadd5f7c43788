import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Approval } from '../../src/contract/approvals.ts';
import type { BatchResult } from '../../src/contract/decisions.ts';
import { asksFor, asksForAll, recordingTool, says, testAgent } from '../../src/testing/index.ts';
import type { Person, World } from '../../src/testing/index.ts';
import { testWorld } from '../support/world.ts';

const refund = recordingTool('refund');
const agents = [
  testAgent({ tools: [refund], script: [asksFor('refund', { text: 'five' }), says('Done.')] }),
  testAgent({
    name: 'many',
    tools: [refund],
    script: [asksForAll(['a', 'b', 'c'].map((text) => asksFor('refund', { text }))), says('Done.')],
  }),
  testAgent({
    name: 'quorum',
    tools: [refund],
    policy: [{ id: 'two', match: 'refund', effect: 'ask', approvers: { approvals: 2, rejections: 2 } }],
    script: [asksFor('refund', { text: 'five' }), says('Done.')],
  }),
];

let world: World;
let anna: Person;

beforeAll(async () => {
  world = await testWorld({ agents });
  anna = await world.person('anna');
});
afterAll(() => world[Symbol.asyncDispose]());

const send = async (items: unknown, person = anna, headers: Record<string, string> = {}) =>
  person.request<BatchResult & { code?: string }>('POST', '/v1/decisions', { body: items as object, headers });
const approve = ({ approvalId, digest }: Approval) => ({ approvalId, digest, decision: 'approve' });
const asked = async (agent = 'helper'): Promise<Approval> => (await anna.startRun({ agent })).pending();
const brief = ({ body }: Awaited<ReturnType<typeof send>>) =>
  body.data.map(({ status, code, outcome }) => [status, code ?? outcome]);

describe('S3.17 batches', () => {
  test('B7 across runs, each with its own answer: what is refused takes nothing along', async () => {
    const [good, stale, mine] = await Promise.all([asked(), asked(), asked()]);
    const unknown = good.approvalId.replace(/call_.*/, 'call_9_9');
    const answer = await send([
      approve(good),
      { ...approve(stale), digest: good.digest },
      { ...approve(good), approvalId: unknown },
      { ...approve(good), approvalId: 'nonsense' },
      { approvalId: stale.approvalId, decision: 'reject', reason: '   ' },
      { approvalId: mine.approvalId, decision: 'reject', reason: 'Not now.' },
      { approvalId: stale.approvalId, decision: 'edit' },
      { approvalId: stale.approvalId, decision: 'approve' },
    ]);
    expect(answer.status).toBe(200);
    expect(brief(answer)).toEqual([
      [200, 'recorded'],
      [409, 'digest_mismatch'],
      [404, 'approval_not_found'],
      [404, 'approval_not_found'],
      [400, 'invalid_request'],
      [200, 'recorded'],
      [400, 'invalid_request'],
      [400, 'digest_required'],
    ]);
    expect(answer.body.data.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(answer.body.data[0]).toMatchObject({ approvalStatus: 'approved', problem: null });
    expect(answer.body.data[1]?.problem).toMatchObject({ code: 'digest_mismatch', currentDigest: stale.digest });
    expect(answer.body.data[4]?.problem?.errors).toEqual([
      { in: 'body', pointer: '/reason', detail: 'must not be blank' },
    ]);
    expect(await anna.run(good.runId).settles()).toMatchObject({ status: 'completed' });
    expect((await anna.run(stale.runId).pending()).status).toBe('pending');
  });

  test('S1.4 B7 part of a turn: the calls that were decided go on by themselves, a rejection drops no other', async () => {
    const run = await anna.startRun({ agent: 'many' });
    await run.settles();
    const [one, two, three] = await run.approvals();
    if (!one || !two || !three) throw new Error('Three calls were to be asked for.');
    const before = refund.calls.length;
    const part = await send([approve(two), { approvalId: one.approvalId, decision: 'reject' }]);
    expect(brief(part)).toEqual([
      [200, 'recorded'],
      [200, 'recorded'],
    ]);
    await run.event('tool.completed');
    expect((await run.pending()).approvalId).toBe(three.approvalId);
    expect(refund.calls.slice(before).map(({ arguments: args }) => args)).toEqual([{ text: 'b' }]);
    await send([approve(three)]);
    expect(await run.settles()).toMatchObject({ status: 'completed' });
  });

  test('the same approval twice: judged in order, and again under the same key answered the same', async () => {
    const approval = await asked();
    const items = [{ approvalId: approval.approvalId, decision: 'reject' }, approve(approval), approve(approval)];
    const headers = { 'idempotency-key': 'batch-1' };
    const first = await send(items, anna, headers);
    expect(brief(first)).toEqual([
      [200, 'recorded'],
      [409, 'already_decided'],
      [409, 'already_decided'],
    ]);
    expect(brief(await send(items, anna, headers))).toEqual(brief(first));
  });

  test('one person cannot fill a quorum with one batch', async () => {
    const approval = await asked('quorum');
    const answer = await send([approve(approval), approve(approval), { ...approve(approval), decision: 'reject' }]);
    expect(brief(answer)).toEqual([
      [200, 'vote_recorded'],
      [200, 'already_recorded'],
      [409, 'already_voted'],
    ]);
  });

  test('as many as may be, at once', async () => {
    const approvals = await Promise.all(Array.from({ length: 30 }, () => asked()));
    const items = Array.from({ length: 100 }, (_, index) => approve(approvals[index % 30] as Approval));
    const answer = await send(items);
    const { data } = answer.body;
    expect(data).toHaveLength(100);
    // A repeat is the same decision, whether the store knows of the first by then or only the run.
    for (const { status, index, decisionId } of data) {
      expect([200, 202]).toContain(status);
      expect(decisionId).toBe(data[index % 30]?.decisionId);
    }
    const ended = await Promise.all(approvals.map(({ runId }) => anna.run(runId).ends()));
    expect(new Set(ended.map(({ status }) => status))).toEqual(new Set(['completed']));
    const runs = new Set(approvals.map(({ runId }) => runId));
    expect(refund.calls.filter(({ effectKey }) => runs.has(effectKey.split(':')[1] ?? ''))).toHaveLength(30);
  });

  test('services and those who decide nothing hear 403 at once; others see nothing of it', async () => {
    const approval = await asked();
    const bot = await world.person('bot', { kind: 'service' });
    expect(await send([approve(approval)], bot)).toMatchObject({
      status: 403,
      body: { code: 'service_cannot_decide' },
    });
    const auditor = await world.person('olga', { roles: ['auditor'] });
    expect(await send([approve(approval)], auditor)).toMatchObject({ status: 403, body: { code: 'forbidden' } });
    const stranger = await world.person('mallory', { tenant: 'evil' });
    expect(brief(await send([approve(approval)], stranger))).toEqual([[404, 'approval_not_found']]);
  });

  test.each([
    ['nothing', []],
    ['too many', Array.from({ length: 101 }, () => ({ approvalId: 'x', decision: 'reject' }))],
    ['no list', { approvalId: 'x', decision: 'reject' }],
    ['an item without an id', [{ decision: 'reject' }]],
    ['an item that is none', [null]],
  ])('%s: 400', async (_name, body) => {
    expect(await send(body)).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
  });
});
