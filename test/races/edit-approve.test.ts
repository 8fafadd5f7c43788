/** One edits a call while others approve it as it was, on two replicas. */
import { z } from 'zod';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DecisionReceipt } from '../../src/contract/decisions.ts';
import { asksFor, recordingTool, says, testAgent } from '../../src/testing/index.ts';
import type { Answer, Person } from '../../src/testing/index.ts';
import { verifyStoredChain } from '../../src/store/verify-stored-chain.ts';
import { replicatedWorld } from '../support/replicated-world.ts';
import type { ReplicatedWorld } from '../support/replicated-world.ts';

const ROUNDS = 6;
const input = z.strictObject({ amount: z.number() });
const refund = recordingTool('refund', { input });
const agent = testAgent({
  tools: [refund],
  policy: [
    { id: 'ask', match: 'refund', effect: 'ask' },
    { id: 'two-votes', match: 'refund', when: 'args.amount > 500', effect: 'ask', approvers: { approvals: 2 } },
  ],
  script: [asksFor('refund', { amount: 100 }), says('Done.')],
});

let stage: ReplicatedWorld;

beforeAll(async () => {
  stage = await replicatedWorld({ agents: [agent] }, ['anna', 'ben', 'cleo', 'dora']);
});
afterAll(() => stage[Symbol.asyncDispose]());

const ranIn = (runId: string) => refund.callsOf(runId).map((call) => call.arguments);
const outcomeOf = ({ status, body }: Answer) => (status === 200 ? (body as DecisionReceipt).outcome : status);
const at = (index: number): Person => stage.people[index] as Person;

describe('edit against approve', () => {
  test.for(Array.from({ length: ROUNDS }, (_, round) => round))(
    'B1 S1.2 an edit that decides: one wins, and what runs is what the winner said (%i)',
    async (_round, { annotate }) => {
      const run = await at(0).startRun({});
      const approval = await run.pending();
      const answers = await Promise.all([
        at(1)
          .run(run.runId)
          .decide(approval, 'edit', { arguments: { amount: 50 } }),
        at(2).run(run.runId).decide(approval, 'approve'),
        at(3)
          .run(run.runId)
          .decide(approval, 'edit', { arguments: { amount: 20 } }),
      ]);
      const outcomes = answers.map(outcomeOf);
      await annotate(outcomes.join(' '));
      expect(outcomes.filter((outcome) => outcome === 'recorded')).toHaveLength(1);
      expect(outcomes.filter((outcome) => outcome === 409)).toHaveLength(2);
      expect(await run.settles()).toMatchObject({ status: 'completed' });
      expect(ranIn(run.runId)).toEqual([{ amount: [50, 100, 20][outcomes.indexOf('recorded')] }]);
      expect((await run.types()).filter((type) => type === 'approval.decided')).toHaveLength(1);
      expect(await verifyStoredChain(stage.world.store, stage.world.scope, run.runId)).toMatchObject({ ok: true });
    },
  );

  test.for(Array.from({ length: ROUNDS }, (_, round) => round))(
    'B2 S1.2 an edit that others must agree to: either the call ran as it was, or only once two agreed (%i)',
    async (_round, { annotate }) => {
      const run = await at(0).startRun({});
      const approval = await run.pending();
      const [edited, approved] = await Promise.all([
        at(1)
          .run(run.runId)
          .decide(approval, 'edit', { arguments: { amount: 900 } }),
        at(2).run(run.runId).decide(approval, 'approve'),
      ]);
      await annotate(`edit ${outcomeOf(edited)}, approve ${outcomeOf(approved)}`);
      if (outcomeOf(approved) === 'recorded') {
        expect(edited).toMatchObject({ status: 409, body: { code: 'already_decided' } });
        await run.settles();
        expect(ranIn(run.runId)).toEqual([{ amount: 100 }]);
        return;
      }
      expect(outcomeOf(edited)).toBe('revised');
      expect(approved.status).toBe(409);
      expect(ranIn(run.runId)).toEqual([]);
      const next = await run.pending();
      expect(next.revision).toBe(2);
      const votes = await Promise.all(stage.people.map((person) => person.run(run.runId).decide(next, 'approve')));
      const outcomes = votes.map(outcomeOf);
      // Of the three who may, two are needed; the editor may not.
      expect(outcomes[1]).toBe(403);
      expect(outcomes.filter((outcome) => outcome === 'recorded')).toHaveLength(1);
      expect(outcomes.filter((outcome) => outcome === 'vote_recorded')).toHaveLength(1);
      await run.settles();
      expect(ranIn(run.runId)).toEqual([{ amount: 900 }]);
    },
  );
});
