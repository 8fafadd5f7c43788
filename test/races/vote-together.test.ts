/** Ten people vote on the same approval at the same moment, on two replicas. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DecisionReceipt } from '../../src/contract/decisions.ts';
import { asksFor, recordingTool, says, testAgent } from '../../src/testing/index.ts';
import type { Answer } from '../../src/testing/index.ts';
import { verifyStoredChain } from '../../src/store/verify-stored-chain.ts';
import { replicatedWorld } from '../support/replicated-world.ts';
import type { ReplicatedWorld } from '../support/replicated-world.ts';

const refund = recordingTool('refund');
const approvers = { approvals: 3, rejections: 3 };
const agent = testAgent({
  tools: [refund],
  policy: [{ id: 'three', match: 'refund', effect: 'ask', approvers }],
  script: [asksFor('refund', {}), says('Done.')],
});

let stage: ReplicatedWorld;

beforeAll(async () => {
  stage = await replicatedWorld(
    { agents: [agent] },
    Array.from({ length: 10 }, (_, index) => `person-${index}`),
  );
});
afterAll(() => stage[Symbol.asyncDispose]());

const outcomeOf = ({ status, body }: Answer) =>
  status === 200 ? (body as DecisionReceipt).outcome : (body as { code: string }).code;
const effectsOf = (runId: string) => refund.callsOf(runId).length;
const count = (values: readonly string[], value: string) => values.filter((one) => one === value).length;

async function ask() {
  const [first] = stage.people;
  if (!first) throw new Error('Nobody is there.');
  const run = await first.startRun({});
  return { run, approval: await run.pending() };
}

describe('votes at once', () => {
  test.for([1, 2, 3])(
    'S1.6 ten approve where three must: two votes, one decision, the rest hear who won (%i)',
    async () => {
      const { run, approval } = await ask();
      const answers = await Promise.all(
        stage.people.map((person) => person.run(run.runId).decide(approval, 'approve')),
      );
      const outcomes = answers.map(outcomeOf);
      expect([count(outcomes, 'vote_recorded'), count(outcomes, 'recorded')]).toEqual([2, 1]);
      expect(count(outcomes, 'already_decided')).toBe(7);
      expect(await run.settles()).toMatchObject({ status: 'completed' });
      expect(effectsOf(run.runId)).toBe(1);
      expect(await verifyStoredChain(stage.world.store, stage.world.scope, run.runId)).toMatchObject({ ok: true });
    },
  );

  test.for([1, 2, 3])(
    'S1.6 five approve and five reject: whichever had three first stands, and nothing else does (%i)',
    async () => {
      const { run, approval } = await ask();
      const answers = await Promise.all(
        stage.people.map((person, index) => person.run(run.runId).decide(approval, index < 5 ? 'approve' : 'reject')),
      );
      const outcomes = answers.map(outcomeOf);
      expect(count(outcomes, 'recorded')).toBe(1);
      const isApproved = outcomes.indexOf('recorded') < 5;
      expect(await run.settles()).toMatchObject({ status: 'completed' });
      expect(effectsOf(run.runId)).toBe(isApproved ? 1 : 0);
      const votes = (await run.events()).filter(({ type }) => type === 'approval.vote_recorded');
      const counted = votes.filter(({ data }) => data['decision'] === (isApproved ? 'approve' : 'reject'));
      expect(counted).toHaveLength(2);
      expect(outcomes.filter((outcome) => outcome === 'vote_recorded')).toHaveLength(votes.length);
    },
  );

  test('S1.6 one person with ten credentials, at once: one vote', async () => {
    const { run, approval } = await ask();
    const keys = await Promise.all(Array.from({ length: 10 }, () => stage.world.person('person-1')));
    const answers = await Promise.all(
      keys.map((person, index) =>
        (index % 2 === 0 ? person : stage.replica.speaksHere(person)).run(run.runId).decide(approval, 'approve'),
      ),
    );
    const outcomes = answers.map(outcomeOf);
    expect(outcomes.every((outcome) => outcome === 'vote_recorded' || outcome === 'already_recorded')).toBe(true);
    expect((await run.types()).filter((type) => type === 'approval.vote_recorded')).toHaveLength(1);
    expect(effectsOf(run.runId)).toBe(0);
    await run.cancel();
  });
});
