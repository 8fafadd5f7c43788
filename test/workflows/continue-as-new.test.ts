/** A long run on a real server: every turn costs the same, and continue-as-new carries what waits. */
import { Client, Connection } from '@temporalio/client';
import type { WorkflowHandle } from '@temporalio/client';
import { expect, inject, test } from 'vitest';
import { workflowId } from '../../src/domain/core/ids.ts';
import { asksFor, recordingTool, says, testAgent } from '../../src/testing/index.ts';
import { verifyStoredChain } from '../../src/store/verify-stored-chain.ts';
import { testWorld } from '../support/world.ts';

const TURNS = 205;

interface TurnCost {
  readonly events: number;
  readonly bytes: number;
}

/** What each whole turn of an execution cost, from one model step to the next. */
const costsOf = ({ events }: Awaited<ReturnType<WorkflowHandle['fetchHistory']>>): TurnCost[] => {
  const all = events ?? [];
  const starts = all.flatMap(({ activityTaskScheduledEventAttributes: scheduled }, index) =>
    scheduled?.activityType?.name === 'callModel' ? [index] : [],
  );
  return starts.slice(1).map((end, index) => {
    const turn = all.slice(starts[index], end);
    return { events: turn.length, bytes: JSON.stringify(turn).length };
  });
};

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
  const { workflow } = new Client({ connection });
  const id = workflowId({ ...world.scope, runId: run.runId });
  const executions = new Set<string>();

  for (let turn = 1; turn <= TURNS; turn++) {
    const approval = await run.pending();
    expect(approval.turn).toBe(turn);
    if (turn % 10 === 5) executions.add((await workflow.getHandle(id).describe()).runId);
    expect(await run.decide(approval, 'approve')).toMatchObject({ status: 200 });
  }
  expect(await run.settles()).toMatchObject({ status: 'completed', output: 'Done.' });

  expect(refund.calls.map((call) => call.arguments)).toEqual(
    Array.from({ length: TURNS }, (_, turn) => ({ text: `t${turn}` })),
  );
  expect(await verifyStoredChain(world.store, world.scope, run.runId)).toMatchObject({ ok: true });
  expect(executions.size).toBeGreaterThanOrEqual(4);

  const histories = await Promise.all([...executions].map((runId) => workflow.getHandle(id, runId).fetchHistory()));
  const costs = histories.flatMap(costsOf);
  expect(costs.length).toBeGreaterThan(190);
  const [first] = costs;
  if (!first) throw new Error('No turn was measured.');
  // On a machine that is busy, a task that takes long has another beside it: such turns are few.
  const dear = costs.filter((cost) => cost.events > 22 || cost.bytes / first.bytes >= 1.15);
  expect(dear.length, JSON.stringify(dear)).toBeLessThan(costs.length / 20);
  await connection.close();
}, 120_000);
