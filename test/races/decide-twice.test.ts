/** Ten people decide the same approval at the same moment, and not alike. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DecisionReceipt } from '../../src/contract/decisions.ts';
import { asksFor, recordingTool, says, testAgent } from '../../src/testing/index.ts';
import type { Answer, Person, World } from '../../src/testing/index.ts';
import { verifyStoredChain } from '../../src/store/verify-stored-chain.ts';
import { createReplica } from '../support/replica.ts';
import type { Replica } from '../support/replica.ts';
import { testWorld } from '../support/world.ts';

const PEOPLE = 10;
/** Sooner than a decision that no worker answers would be. */
const ANSWERED_WITHIN_MS = 2_500;

const refund = recordingTool('refund');
const agent = testAgent({ tools: [refund], script: [asksFor('refund', { text: 'five' }), says('Done.')] });

let world: World;
let replica: Replica;
let first: Person;
let people: readonly Person[];
let elsewhere: readonly Person[];

beforeAll(async () => {
  world = await testWorld({ agents: [agent] });
  replica = await createReplica(world);
  first = await world.person('person-0');
  const others = Array.from({ length: PEOPLE - 1 }, (_, index) => world.person(`person-${index + 1}`));
  people = [first, ...(await Promise.all(others))];
  elsewhere = people.map((person, index) => (index % 3 === 0 ? replica.speaksHere(person) : person));
});
afterAll(async () => {
  await replica[Symbol.asyncDispose]();
  await world[Symbol.asyncDispose]();
});

const decisionOf = (index: number) => (index % 2 === 0 ? 'approve' : 'reject');

interface TimedAnswer extends Answer {
  readonly principal: string;
  readonly decision: 'approve' | 'reject';
  readonly tookMs: number;
}

async function decideTogether(runId: string, deciders: readonly Person[]): Promise<readonly TimedAnswer[]> {
  const approval = await first.run(runId).pending();
  return Promise.all(
    deciders.map(async (person, index) => {
      const decision = decisionOf(index);
      const startedMs = performance.now();
      const answer = await person.run(runId).decide(approval, decision);
      return { ...answer, principal: `person-${index}`, decision, tookMs: performance.now() - startedMs };
    }),
  );
}

describe('ten conflicting decisions on one approval', () => {
  const rounds = ['one replica', 'two replicas'].flatMap((where) => [1, 2, 3].map((round) => [where, round] as const));

  test.for(rounds)(
    'S1.6 S2.1 exactly one is recorded, the others hear who won: %s, round %i',
    async ([where], { annotate }) => {
      const effects = refund.calls.length;
      const run = await first.startRun({});
      const answers = await decideTogether(run.runId, where === 'one replica' ? people : elsewhere);

      const [winner, ...others] = answers.toSorted((one, other) => one.status - other.status);
      if (!winner) throw new Error('Nobody was answered.');
      expect(winner).toMatchObject({ status: 200, body: { outcome: 'recorded' } });
      const { decisionId } = winner.body as DecisionReceipt;
      const named = { principal: winner.principal, decision: winner.decision, decisionId };
      const expected = { status: 409, body: { code: 'already_decided', winner: named } };
      for (const { status, body } of others) expect({ status, body }).toMatchObject(expected);
      const slowestMs = Math.max(...answers.map(({ tookMs }) => tookMs));
      await annotate(`slowest of ten answers: ${Math.round(slowestMs)} ms`);
      expect(slowestMs).toBeLessThan(ANSWERED_WITHIN_MS);

      expect(await run.settles()).toMatchObject({ status: 'completed' });
      expect(refund.calls.length - effects).toBe(winner.decision === 'approve' ? 1 : 0);
      const decided = (await run.events()).filter(({ type }) => type === 'approval.decided');
      expect(decided.map(({ data }) => data['decisionId'])).toEqual([decisionId]);
      expect(await verifyStoredChain(world.store, world.scope, run.runId)).toMatchObject({ ok: true });
    },
  );

  test('B4 ten people of one mind: one is recorded, the others hear who was first', async () => {
    const run = await first.startRun({});
    const approval = await run.pending();
    const answers = await Promise.all(people.map((person) => person.run(run.runId).decide(approval, 'approve')));
    const statuses = answers.map(({ status }) => status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(1);
    expect(statuses.filter((status) => status === 409)).toHaveLength(PEOPLE - 1);
    expect(await run.settles()).toMatchObject({ status: 'completed' });
  });

  test('B4 the same decision sent ten times under one key is one decision', async () => {
    const effects = refund.calls.length;
    const run = await first.startRun({});
    const { key, digest } = await run.pending();
    const path = `/v1/runs/${run.runId}/approvals/${key}/decisions`;
    const options = { headers: { 'idempotency-key': 'pressed-ten-times' }, body: { decision: 'approve', digest } };
    const elsewhereToo = replica.speaksHere(first);
    const press = (speaker: Person) => speaker.request<DecisionReceipt>('POST', path, options);
    const answers = await Promise.all(people.map((_, index) => press(index % 2 === 0 ? first : elsewhereToo)));
    const { decisionId } = answers[0]?.body ?? {};
    for (const answer of answers)
      expect(answer).toMatchObject({ status: 200, body: { decisionId, outcome: 'recorded' } });
    expect(await run.settles()).toMatchObject({ status: 'completed' });
    expect(refund.calls.length - effects).toBe(1);
  });
});
