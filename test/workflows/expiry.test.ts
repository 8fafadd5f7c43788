/** Clocks, under skipped time: a day passes in milliseconds. */
import { describe, expect, test } from 'vitest';
import { asksFor, recordingTool, says, testAgent } from '../../src/testing/index.ts';
import { testWorld } from '../support/world.ts';

describe('an approval nobody decides', () => {
  test('S0.5 S1.7 B8 expires after its 24 hours; the run goes on without the tool', async () => {
    const refund = recordingTool('refund');
    const agent = testAgent({ tools: [refund], script: [asksFor('refund', {}), says('Left alone.')] });
    await using world = await testWorld({ agents: [agent], time: 'skipped' });
    const anna = await world.person('anna');
    const run = await anna.startRun({});
    const approval = await run.pending();

    await world.skip('24h');
    expect(await run.ends()).toMatchObject({ status: 'completed', output: 'Left alone.' });

    expect(await run.types()).toEqual([
      'run.started',
      'turn.started',
      'message.completed',
      'usage.recorded',
      'approval.requested',
      'run.suspended',
      'approval.expired',
      'tool.denied',
      'run.resumed',
      'turn.started',
      'message.completed',
      'usage.recorded',
      'run.completed',
    ]);
    expect(refund.calls).toEqual([]);
    // S3.7 the late decision is told so, and changes nothing.
    expect(await run.decide(approval, 'approve')).toMatchObject({ status: 410 });
  });

  test('B8 pends for days where its rule says so; given then, it is executed', async () => {
    const refund = recordingTool('refund');
    const rule = { id: 'soon', match: 'refund', effect: 'ask', decideWithin: '48h', executeWithin: '1m' } as const;
    const agent = testAgent({ tools: [refund], policy: [rule], script: [asksFor('refund', {}), says('Done.')] });
    await using world = await testWorld({ agents: [agent], time: 'skipped' });
    const anna = await world.person('anna');
    const run = await anna.startRun({});
    const approval = await run.pending();
    await world.skip('30h');
    expect(await run.decide(approval, 'approve')).toMatchObject({ status: 200 });
    expect(await run.ends()).toMatchObject({ status: 'completed' });
    expect(refund.calls).toHaveLength(1);
  });
});
