import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Approval } from '../../src/contract/approvals.ts';
import { asksFor, recordingTool, says, testAgent } from '../../src/testing/index.ts';
import type { Person, World } from '../../src/testing/index.ts';
import type { StartedRun } from '../../src/testing/person.ts';
import { testWorld } from '../support/world.ts';

const refund = recordingTool('refund');
const agent = testAgent({ tools: [refund], script: [asksFor('refund', {}), says('Done.')] });

let world: World;
let anna: Person;
let ben: Person;

beforeAll(async () => {
  world = await testWorld({ agents: [agent] });
  [anna, ben] = await Promise.all([world.person('anna'), world.person('ben')]);
});
afterAll(() => world[Symbol.asyncDispose]());

const asked = async (): Promise<{ run: StartedRun; approval: Approval }> => {
  const run = await anna.startRun({});
  return { run, approval: await run.pending() };
};

describe('S1.7 more time', () => {
  const extend = (person: Person, run: StartedRun, { key }: Approval, decideBy: number, reason?: string) =>
    person.request<{ outcome: string; approval: Approval; code?: string }>(
      'POST',
      `/v1/runs/${run.runId}/approvals/${key}/extend`,
      { body: { decideBy: new Date(decideBy).toISOString(), ...(reason && { reason }) } },
    );

  test('the deadline moves, the digest stays; the same deadline again changes nothing', async () => {
    const { run, approval } = await asked();
    const later = Date.parse(approval.decideBy) + 3_600_000;
    const moved = await extend(ben, run, approval, later, 'On the train.');
    expect(moved).toMatchObject({
      status: 200,
      body: { outcome: 'extended', approval: { decideBy: new Date(later).toISOString(), digest: approval.digest } },
    });
    expect(await extend(ben, run, approval, later)).toMatchObject({
      status: 200,
      body: { outcome: 'already_extended' },
    });
    const told = (await run.events()).filter(({ type }) => type === 'approval.extended');
    expect(told).toMatchObject([{ content: { reason: 'On the train.' } }]);
    expect(await ben.run(run.runId).decide(approval, 'approve')).toMatchObject({ status: 200 });
  });

  test('never earlier, and never more than 30 days after the request', async () => {
    const { run, approval } = await asked();
    const requestedAt = Date.parse(approval.requestedAt);
    for (const decideBy of [Date.parse(approval.decideBy) - 1, requestedAt, requestedAt + 30 * 86_400_000 + 1]) {
      const answer = await extend(ben, run, approval, decideBy);
      expect([answer.status, answer.body.code]).toEqual([422, 'deadline_not_allowed']);
    }
    await run.cancel();
    await run.ends();
    const over = await extend(ben, run, approval, Date.parse(approval.decideBy) + 1_000);
    expect([over.status, over.body.code]).toEqual([410, 'run_over']);
  });

  test('not by requesters, services or auditors', async () => {
    const { run, approval } = await asked();
    const later = Date.parse(approval.decideBy) + 3_600_000;
    const people = await Promise.all([
      world.person('anna', { roles: ['requester'] }),
      world.person('bot', { kind: 'service' }),
      world.person('olga', { roles: ['auditor'] }),
    ]);
    const answers = await Promise.all(people.map((person) => extend(person, run, approval, later)));
    expect(answers.map(({ status }) => status)).toEqual([403, 403, 403]);
    await run.cancel();
  });
});
