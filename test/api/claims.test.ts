import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Approval } from '../../src/contract/approvals.ts';
import type { ClaimReceipt, ReleaseReceipt } from '../../src/contract/decisions.ts';
import type { Problem } from '../../src/contract/problem.ts';
import type { RuleInput } from '../../src/domain/policy/policy-schema.ts';
import { asksFor, recordingTool, says, testAgent } from '../../src/testing/index.ts';
import type { Person, World } from '../../src/testing/index.ts';
import { testWorld } from '../support/world.ts';

const refund = recordingTool('refund');
const policy: RuleInput[] = [{ id: 'ask', match: 'refund', effect: 'ask', approvers: { groups: ['desk'] } }];
const quorum: RuleInput[] = [{ id: 'two', match: 'refund', effect: 'ask', approvers: { approvals: 2 } }];
const script = [asksFor('refund', { text: 'five' }), says('Done.')];
const agents = [
  testAgent({ tools: [refund], policy, script }),
  testAgent({ name: 'quorum', tools: [refund], policy: quorum, script }),
];

let world: World;
let anna: Person;
let ben: Person;
let boss: Person;

beforeAll(async () => {
  world = await testWorld({ agents, time: 'skipped' });
  const approver = { roles: ['requester', 'approver'] as const, groups: ['desk'] };
  anna = await world.person('anna', approver);
  ben = await world.person('ben', approver);
  boss = await world.person('boss', { roles: ['approver', 'operator'], groups: ['desk'] });
});
afterAll(() => world[Symbol.asyncDispose]());

const asked = async (agent = 'helper'): Promise<Approval> => (await anna.startRun({ agent })).pending();

const pathOf = ({ runId, key }: Approval) => `/v1/runs/${runId}/approvals/${key}`;
const claim = (person: Person, approval: Approval, body: object = {}) =>
  person.request<ClaimReceipt & Problem>('POST', `${pathOf(approval)}/claim`, { body });
const release = (person: Person, approval: Approval, query = '') =>
  person.request<ReleaseReceipt & Problem>('DELETE', `${pathOf(approval)}/claim${query}`);
const show = async (person: Person, approval: Approval) =>
  (await person.request<Approval>('GET', pathOf(approval))).body;
const decide = (person: Person, approval: Approval, more: object = {}) =>
  person.request<Problem & { outcome: string }>('POST', `${pathOf(approval)}/decisions`, {
    body: { decision: 'approve', digest: approval.digest, ...more },
  });

describe('S0.4 claims', () => {
  test('who looks at it is shown; others are refused by name until it is released', async () => {
    const approval = await asked();
    const claimed = await claim(anna, approval, { ttl: '10m' });
    expect(claimed).toMatchObject({ status: 200, body: { outcome: 'claimed', claim: { by: 'anna' } } });
    expect((await show(ben, approval)).claim).toEqual(claimed.body.claim);
    expect(await claim(ben, approval)).toMatchObject({ status: 409, body: { code: 'claimed', claim: { by: 'anna' } } });
    expect(await decide(ben, approval)).toMatchObject({
      status: 409,
      body: { code: 'claimed', claim: { by: 'anna' } },
    });
    expect(await release(ben, approval)).toMatchObject({ status: 409, body: { code: 'claimed' } });
    expect(await release(anna, approval)).toMatchObject({
      status: 200,
      body: { outcome: 'released', approval: { claim: null } },
    });
    expect((await release(anna, approval)).body.outcome).toBe('not_claimed');
    expect(await decide(ben, approval)).toMatchObject({ status: 200, body: { outcome: 'recorded' } });
    const types = await anna.run(approval.runId).types();
    expect(types.filter((type) => /claimed|released/.test(type))).toEqual(['approval.claimed', 'approval.released']);
  });

  test('S4.5 whoever holds it renews and decides it', async () => {
    const approval = await asked();
    const first = await claim(anna, approval, { ttl: '10m' });
    const renewed = await claim(anna, approval, { ttl: '1h' });
    expect(renewed.body.outcome).toBe('renewed');
    expect(Date.parse(renewed.body.claim.until)).toBeGreaterThan(Date.parse(first.body.claim.until));
    expect((await decide(anna, approval)).status).toBe(200);
  });

  test('S4.5 it ends by itself', async () => {
    const approval = await asked();
    await claim(anna, approval, { ttl: '10m' });
    await world.skip('11m');
    expect((await show(ben, approval)).claim).toBeNull();
    expect(await decide(ben, approval)).toMatchObject({ status: 200 });
  });

  test('an operator takes it over, or decides in spite of it, and that is told; nobody else can', async () => {
    const approval = await asked();
    await claim(anna, approval);
    for (const answer of [await claim(ben, approval, { force: true }), await decide(ben, approval, { force: true })])
      expect(answer).toMatchObject({ status: 403, body: { code: 'forbidden' } });
    expect(await release(ben, approval, '?force=true')).toMatchObject({ status: 403 });
    expect((await claim(boss, approval, { force: true })).body).toMatchObject({
      outcome: 'taken_over',
      claim: { by: 'boss' },
    });
    expect(await decide(anna, approval)).toMatchObject({ status: 409, body: { claim: { by: 'boss' } } });
    await release(boss, approval);
    await claim(anna, approval);
    expect(await decide(boss, approval, { force: true })).toMatchObject({ status: 200, body: { outcome: 'recorded' } });
    const events = await anna.run(approval.runId).events();
    const forced = events.filter(({ type, data }) => type === 'approval.claimed' && data['forced'] === true);
    expect(forced).toHaveLength(2);
  });

  test('a vote gives it back to the others', async () => {
    const approval = await asked('quorum');
    await claim(anna, approval);
    expect((await decide(anna, approval)).body.outcome).toBe('vote_recorded');
    expect((await show(ben, approval)).claim).toBeNull();
    expect((await decide(ben, approval)).body.outcome).toBe('recorded');
  });

  test.each([
    ['somebody whom the rule does not name', { roles: ['approver'] }, 403, 'not_an_approver'],
    ['a service', { kind: 'service', groups: ['desk'] }, 403, 'service_cannot_decide'],
    ['an auditor', { roles: ['auditor'], groups: ['desk'] }, 403, 'forbidden'],
    ['somebody of another tenant', { tenant: 'evil', groups: ['desk'] }, 404, 'approval_not_found'],
  ] as const)('%s claims nothing', async (_name, credential, status, code) => {
    const approval = await asked();
    const other = await world.person('other', credential);
    expect(await claim(other, approval)).toMatchObject({ status, body: { code } });
    expect((await show(anna, approval)).claim).toBeNull();
  });

  test.each([['9h'], ['0s'], ['soon'], ['-5m']])('a time of %s is 400', async (ttl) => {
    expect(await claim(anna, await asked(), { ttl })).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
  });

  test('what is decided is not claimed any more', async () => {
    const approval = await asked();
    await decide(anna, approval);
    expect(await claim(ben, approval)).toMatchObject({ status: 409, body: { code: 'already_decided' } });
  });
});
