/** Every rule that depends on time, days at a time. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { asksFor, recordingTool, says, testAgent } from '../../src/testing/index.ts';
import type { Person, World } from '../../src/testing/index.ts';
import type { RuleInput } from '../../src/domain/policy/policy-schema.ts';
import { testWorld } from '../support/world.ts';

const refund = recordingTool('refund');
const note = recordingTool('note', { effect: 'idempotent' });

const agentWith = (name: string, rule: Partial<RuleInput>, tool: 'refund' | 'note' = 'refund') =>
  testAgent({
    name,
    tools: [refund, note],
    script: [asksFor(tool, { text: 'five' }), says('Done.')],
    policy: [{ id: 'ask', match: tool, effect: 'ask', ...rule }],
  });

const agents = [
  agentWith('denies', { decideWithin: '3d' }),
  agentWith('fails', { decideWithin: '3d', onExpire: 'fail' }),
  agentWith('blocks', { decideWithin: '3d', onExpire: 'block' }),
  agentWith('reminds', { decideWithin: '10d', remindEvery: '2d', maxReminders: 2, warnBefore: '1d' }),
  agentWith('escalates', {
    decideWithin: '1d',
    approvers: { groups: ['support'] },
    onExpire: 'escalate',
    escalate: [
      { approvers: { groups: ['leads'] }, within: '1d' },
      { approvers: { users: ['chief'] }, within: '2d' },
    ],
    escalateThen: 'deny',
  }),
  agentWith('hurries', { executeWithin: '1h' }),
];

let world: World;
let anna: Person;

beforeAll(async () => {
  world = await testWorld({
    agents: [
      ...agents,
      testAgent({ name: 'lenient', tools: [note, refund], script: [asksFor('note', { text: 'five' }), says('Done.')] }),
      testAgent({
        name: 'strict',
        tools: [note, refund],
        script: [asksFor('refund', { text: 'five' }), says('Done.')],
      }),
    ],
    deployment: [
      { id: 'note-after-a-day', match: 'note', effect: 'ask', decideWithin: '1d', onExpire: 'allow', risk: 'low' },
    ],
    time: 'skipped',
  });
  anna = await world.person('anna', { groups: ['support'] });
});
afterAll(() => world[Symbol.asyncDispose]());

describe('B8 S1.7 an approval that nobody decides', () => {
  test('expires after days; a late decision gets 410 and changes nothing', async () => {
    const run = await anna.startRun({ agent: 'denies' });
    const approval = await run.pending();
    await world.skip('2d');
    expect(await run.get()).toMatchObject({ status: 'suspended' });
    await world.skip('1d 1m');
    expect(await run.ends()).toMatchObject({ status: 'completed' });
    expect(await run.decide(approval, 'approve')).toMatchObject({ status: 410, body: { code: 'expired' } });
    expect(await run.types()).not.toContain('tool.started');
  });

  test('fails the run where its rule says so', async () => {
    const run = await anna.startRun({ agent: 'fails' });
    await run.pending();
    await world.skip('3d 1m');
    expect(await run.ends()).toMatchObject({ status: 'failed', failure: { code: 'approval_expired' } });
  });

  test('parks the run where its rule says so; an operator asks again or gives up', async () => {
    const run = await anna.startRun({ agent: 'blocks' });
    const { approvalId, digest, key, toolCallId } = await run.pending();
    await world.skip('3d 1m');
    await run.event('run.blocked');
    expect(await run.get()).toMatchObject({ status: 'needs_attention' });
    const answer = await run.resolve({ toolCallId, resolution: 'retry', reason: 'The approver was away.' });
    expect(answer).toMatchObject({ status: 200 });
    await run.event('approval.reopened');
    expect(await run.pending()).toMatchObject({ approvalId, digest, status: 'pending' });
    const before = refund.calls.length;
    expect(await run.decide({ key, digest }, 'approve')).toMatchObject({ status: 200 });
    expect(await run.ends()).toMatchObject({ status: 'completed' });
    expect(refund.calls).toHaveLength(before + 1);
  });

  test('may run where the deployment says so, and only what may happen twice', async () => {
    const before = note.calls.length;
    const run = await anna.startRun({ agent: 'lenient' });
    await run.pending();
    await world.skip('1d 1m');
    expect(await run.ends()).toMatchObject({ status: 'completed' });
    expect(note.calls).toHaveLength(before + 1);
    expect((await run.event('tool.started')).data).toMatchObject({ basis: 'expiry' });
  });
});

test('B10 reminders come up to their maximum, a warning before the deadline', async () => {
  const run = await anna.startRun({ agent: 'reminds' });
  await run.pending();
  await world.skip('9d 1h');
  await run.event('approval.expiring');
  const told = (await run.types()).filter((type) => type === 'approval.reminded');
  expect(told).toHaveLength(2);
  await world.skip('1d');
  expect(await run.ends()).toMatchObject({ status: 'completed' });
});

test('B10 a request climbs its ladder: each step has its own people and its own time', async () => {
  const lead = await world.person('lena', { groups: ['leads'] });
  const chief = await world.person('chief');
  const run = await anna.startRun({ agent: 'escalates' });
  const approval = await run.pending();
  const by = (person: Person) => person.run(run.runId).decide(approval, 'approve');
  expect(await by(lead)).toMatchObject({ status: 403, body: { code: 'not_an_approver' } });
  await world.skip('1d 1m');
  await run.event('approval.escalated');
  expect(await by(anna)).toMatchObject({ status: 403, body: { code: 'not_an_approver' } });
  await world.skip('1d 1m');
  await run.event('approval.escalated', 2);
  expect(await by(lead)).toMatchObject({ status: 403 });
  expect(await by(chief)).toMatchObject({ status: 200 });
  expect(await run.ends()).toMatchObject({ status: 'completed' });
});

test('B8 an approved call that is held back past its time to execute is void', async () => {
  const before = refund.calls.length;
  const run = await anna.startRun({ agent: 'hurries' });
  const approval = await run.pending();
  expect(await run.block('Wait.')).toMatchObject({ status: 200 });
  expect(await run.decide(approval, 'approve')).toMatchObject({ status: 200 });
  await world.skip('2h');
  expect(await run.unblock()).toMatchObject({ status: 200 });
  expect(await run.ends()).toMatchObject({ status: 'completed' });
  expect((await run.event('tool.denied')).data).toMatchObject({ code: 'execution_expired' });
  expect(refund.calls).toHaveLength(before);
});

test('B8 extending moves the deadline, and only forward', async () => {
  const run = await anna.startRun({ agent: 'denies' });
  const approval = await run.pending();
  const extend = (decideBy: string) =>
    anna.request('POST', `/v1/runs/${run.runId}/approvals/${approval.key}/extend`, { body: { decideBy } });
  const later = (days: number) => new Date(Date.parse(approval.decideBy) + days * 86_400_000).toISOString();
  expect((await extend(later(-1))).status).toBe(422);
  expect((await extend(later(60))).status).toBe(422);
  expect(await extend(later(2))).toMatchObject({ status: 200 });
  await world.skip('4d');
  expect(await run.decide(approval, 'approve')).toMatchObject({ status: 200 });
  expect(await run.ends()).toMatchObject({ status: 'completed' });
});
