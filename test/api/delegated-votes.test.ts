// Who votes in another's place, on a real run: real HTTP, real Temporal, real PostgreSQL. Only the model is scripted.
import { z } from 'zod';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Approval } from '../../src/contract/approvals.ts';
import type { Delegation } from '../../src/contract/delegations.ts';
import type { DecisionReceipt } from '../../src/contract/decisions.ts';
import { asksFor, recordingTool, says, testAgent } from '../../src/testing/index.ts';
import type { Person, World } from '../../src/testing/index.ts';
import { testWorld } from '../support/world.ts';
import { waitFor } from '../support/wait-for.ts';

const refund = recordingTool('refund', { input: z.strictObject({ amount: z.number() }) });
const two = { approvals: 2 };
const agents = [
  testAgent({
    name: 'named',
    tools: [refund],
    policy: [{ id: 'two', match: 'refund', effect: 'ask', approvers: { users: ['ann', 'bob'], ...two } }],
    script: [asksFor('refund', { amount: 7 }), says('Done.')],
  }),
  testAgent({
    name: 'checked',
    tools: [refund],
    policy: [
      { id: 'two', match: 'refund', effect: 'ask', approvers: { groups: ['finance'], ...two, notRequester: true } },
    ],
    script: [asksFor('refund', { amount: 7 }), says('Done.')],
  }),
];

let world: World;
let rita: Person;
let ann: Person;
let bob: Person;
let dan: Person;
beforeAll(async () => {
  world = await testWorld({ agents });
  [rita, ann, bob, dan] = await Promise.all([
    world.person('rita', { groups: ['finance'] }),
    world.person('ann', { groups: ['finance'] }),
    world.person('bob', { groups: ['finance'] }),
    world.person('dan', { groups: [] }),
  ]);
});
afterAll(() => world[Symbol.asyncDispose]());

const decidesFor = async (delegator: Person) => {
  const until = new Date(Date.now() + 3_600_000).toISOString();
  const { status, body } = await delegator.request<Delegation>('POST', '/v1/delegations', {
    body: { to: 'dan', until },
  });
  expect(status).toBe(201);
  return () => delegator.request('DELETE', `/v1/delegations/${body.delegationId}`);
};
const asked = async (agent: string) => {
  const run = await rita.startRun({ agent });
  const approval = await run.pending();
  const view = async (person: Person) =>
    (await person.request<Approval>('GET', `/v1/runs/${run.runId}/approvals/${approval.key}`)).body;
  const approves = async (person: Person) => {
    const { status, body } = await person.run(run.runId).decide(approval, 'approve');
    const given = body as DecisionReceipt & { code: string };
    return [status, given.outcome ?? given.code, given.approval?.progress[0]?.text];
  };
  return { run, approval, view, approves };
};

describe('B10 a delegate', () => {
  test('and who delegated to them fill one seat between them', async () => {
    const end = await decidesFor(ann);
    const { run, view, approves } = await asked('named');
    await waitFor('the delegation to be in effect', async () => (await view(dan)).viewer.canDecide, {
      timeoutMs: 5_000,
    });
    expect(await approves(ann)).toEqual([200, 'vote_recorded', '1 of 2']);
    expect(await approves(dan)).toEqual([200, 'vote_recorded', '1 of 2']);
    expect(refund.calls).toHaveLength(0);
    expect(await approves(bob)).toEqual([200, 'recorded', '2 of 2']);
    expect(await run.settles()).toMatchObject({ status: 'completed' });
    expect(refund.calls).toHaveLength(1);
    const votes = (await run.events()).filter(({ type }) => type === 'approval.vote_recorded');
    expect(votes.map(({ data }) => (data as { actor: object }).actor)).toMatchObject([
      { principal: 'ann', groups: ['finance'] },
      { principal: 'dan', groups: [], delegatedFrom: [{ principal: 'ann', groups: ['finance'] }] },
    ]);
    await end();
  });

  test('of the requester does not decide by that, and by another’s authority fills that one seat', async () => {
    const ends = [await decidesFor(rita)];
    const { run, view, approves } = await asked('checked');
    await waitFor(
      'the delegation to be in effect',
      async () => (await view(dan)).viewer.why?.code === 'self_approval',
      {
        timeoutMs: 5_000,
      },
    );
    expect(await approves(dan)).toEqual([403, 'self_approval', undefined]);
    ends.push(await decidesFor(ann));
    await waitFor('the other delegation to be in effect', async () => (await view(dan)).viewer.canDecide, {
      timeoutMs: 5_000,
    });
    expect(await approves(dan)).toEqual([200, 'vote_recorded', '1 of 2']);
    expect(await approves(ann)).toEqual([200, 'vote_recorded', '1 of 2']);
    expect(await approves(rita)).toEqual([403, 'self_approval', undefined]);
    expect(await approves(bob)).toEqual([200, 'recorded', '2 of 2']);
    expect(await run.settles()).toMatchObject({ status: 'completed' });
    await Promise.all(ends.map((end) => end()));
  });
});
