/** A decision on its way while the time to decide runs out. */
import { expect, test } from 'vitest';
import { asksFor, recordingTool, says, testAgent } from '../../src/testing/index.ts';
import { verifyStoredChain } from '../../src/store/verify-stored-chain.ts';
import { testWorld } from '../support/world.ts';

const ROUNDS = 6;

test('B2 S1.7 either it was in time and counts, or it is told that it was late; never both, never neither', async ({
  annotate,
}) => {
  const refund = recordingTool('refund');
  const rule = { id: 'hour', match: 'refund', effect: 'ask', decideWithin: '1h', executeWithin: '24h' } as const;
  const agent = testAgent({ tools: [refund], policy: [rule], script: [asksFor('refund', {}), says('Done.')] });
  await using world = await testWorld({ agents: [agent], time: 'skipped' });
  const anna = await world.person('anna');
  const outcomes: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const run = await anna.startRun({});
    const approval = await run.pending();
    // A little later in every round, the time to decide is over all at once.
    const jump = async () => {
      for (let asked = 0; asked < round; asked += 1) await world.nowMs();
      await world.skip('2h');
    };
    const [decided] = await Promise.all([run.decide(approval, 'approve'), jump()]);
    outcomes.push(decided.status);
    expect(await run.settles()).toMatchObject({ status: 'completed' });

    const inTime = decided.status === 200;
    if (!inTime) expect(decided).toMatchObject({ status: 410, body: { code: 'expired' } });
    expect(refund.callsOf(run.runId)).toHaveLength(inTime ? 1 : 0);
    expect((await run.approvals()).map(({ status }) => status)).toEqual([inTime ? 'approved' : 'expired']);
    const types = await run.types();
    expect(types.filter((type) => type === 'approval.decided' || type === 'approval.expired')).toHaveLength(1);
    expect(await verifyStoredChain(world.store, world.scope, run.runId)).toMatchObject({ ok: true });
  }
  await annotate(`answers: ${outcomes.join(' ')}`);
});
