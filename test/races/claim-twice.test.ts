/** Ten claim the same approval at the same moment, on two replicas. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ClaimReceipt } from '../../src/contract/decisions.ts';
import type { Problem } from '../../src/contract/problem.ts';
import { asksFor, recordingTool, says, testAgent } from '../../src/testing/index.ts';
import type { Person } from '../../src/testing/index.ts';
import { replicatedWorld } from '../support/replicated-world.ts';
import type { ReplicatedWorld } from '../support/replicated-world.ts';

const refund = recordingTool('refund');
const agent = testAgent({ tools: [refund], script: [asksFor('refund', {}), says('Done.')] });

let stage: ReplicatedWorld;

beforeAll(async () => {
  stage = await replicatedWorld(
    { agents: [agent] },
    Array.from({ length: 10 }, (_, index) => `person-${index}`),
  );
});
afterAll(() => stage[Symbol.asyncDispose]());

const first = (): Person => stage.people[0] as Person;

describe('ten claims at once', () => {
  test.for([1, 2, 3, 4])('S0.4 one holds it, the others hear who; only that one decides (round %i)', async () => {
    const run = await first().startRun({});
    const approval = await run.pending();
    const path = `/v1/runs/${run.runId}/approvals/${approval.key}`;
    const answers = await Promise.all(
      stage.people.map((person) => person.request<ClaimReceipt & Problem>('POST', `${path}/claim`, { body: {} })),
    );
    const holder = answers.findIndex(({ status }) => status === 200);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    for (const { status, body } of answers.filter((answer) => answer.status !== 200))
      expect({ status, body }).toMatchObject({
        status: 409,
        body: { code: 'claimed', claim: { by: `person-${holder}` } },
      });
    expect((await run.types()).filter((type) => type === 'approval.claimed')).toHaveLength(1);

    const decisions = await Promise.all(
      stage.people.map((person) => person.run(run.runId).decide(approval, 'approve')),
    );
    expect(decisions.findIndex(({ status }) => status === 200)).toBe(holder);
    expect(decisions.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(await run.settles()).toMatchObject({ status: 'completed' });
  });

  test('one person on ten devices holds it once', async () => {
    const run = await first().startRun({});
    const { key } = await run.pending();
    const devices = Array.from({ length: 10 }, (_, index) =>
      index % 2 === 0 ? first() : stage.replica.speaksHere(first()),
    );
    const answers = await Promise.all(
      devices.map((device) =>
        device.request<ClaimReceipt>('POST', `/v1/runs/${run.runId}/approvals/${key}/claim`, { body: {} }),
      ),
    );
    const outcomes = answers.map(({ body }) => body.outcome);
    expect(outcomes.filter((outcome) => outcome === 'claimed')).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome === 'renewed')).toHaveLength(9);
    await run.cancel();
  });
});
