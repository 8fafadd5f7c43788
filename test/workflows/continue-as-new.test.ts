/** A long run on a real server: every turn costs the same, and continue-as-new carries what waits. */
import { Client, Connection } from '@temporalio/client';
import { expect, inject, test } from 'vitest';
import { workflowId } from '../../src/domain/core/ids.ts';
import { asksFor, recordingTool, says, testAgent } from '../../src/testing/index.ts';
import { verifyStoredChain } from '../../src/store/verify-stored-chain.ts';
import { testWorld } from '../support/world.ts';

const TURNS = 205;

test('a run of 205 approved turns rolls over, loses nothing, and its turns stay equally small', async () => {
  const refund = recordingTool('refund');
  const script = [
    ...Array.from({ length: TURNS }, (_, turn) => asksFor('refund', { text: `t${turn}` })),
    says('Done.'),
  ];
  const agent = testAgent({ tools: [refund], script, limits: { maxTurns: TURNS + 1 } });
  await using world = await testWorld({ agents: [agent] });
  const anna = await world.person('anna');
  const connection = await Connection.connect({ address: inject('temporalAddress') });
  const run = await anna.startRun({});
  const handle = new Client({ connection }).workflow.getHandle(workflowId({ ...world.scope, runId: run.runId }));
  const sizes: { turn: number; events: number; bytes: number; execution: string }[] = [];

  for (let turn = 1; turn <= TURNS; turn++) {
    const approval = await run.pending();
    expect(approval.turn).toBe(turn);
    if ([2, 3, 150, 151].includes(turn)) {
      const { historyLength, historySize, runId } = await handle.describe();
      sizes.push({ turn, events: historyLength, bytes: historySize ?? 0, execution: runId });
    }
    expect(await run.decide(approval, 'approve')).toMatchObject({ status: 200 });
  }
  expect(await run.settles()).toMatchObject({ status: 'completed', output: 'Done.' });

  expect(refund.calls.map((call) => call.arguments)).toEqual(
    Array.from({ length: TURNS }, (_, turn) => ({ text: `t${turn}` })),
  );
  expect(await verifyStoredChain(world.store, world.scope, run.runId)).toMatchObject({ ok: true });

  const [second, third, late, later] = sizes;
  if (!second || !third || !late || !later) throw new Error('Four sizes are needed.');
  // Another execution by then, and the same within each.
  expect(late.execution).not.toBe(second.execution);
  expect(third.execution).toBe(second.execution);
  expect(later.execution).toBe(late.execution);
  expect(later.events - late.events).toBe(third.events - second.events);
  expect((later.bytes - late.bytes) / (third.bytes - second.bytes)).toBeLessThan(1.15);
  await connection.close();
}, 120_000);
