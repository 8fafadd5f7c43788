/** Ten cancel the same run at the same moment. */
import { expect, test } from 'vitest';
import { asksFor, recordingTool, says, testAgent } from '../../src/testing/index.ts';
import { createReplica } from '../support/replica.ts';
import { untilEnded } from '../support/until-ended.ts';
import { waitFor } from '../support/wait-for.ts';
import { testWorld } from '../support/world.ts';

const refund = recordingTool('refund');
const agent = testAgent({ tools: [refund], script: [asksFor('refund', {}), says('Done.')] });
/** Under way until it is asked to stop; it is done all the same. */
const deploy = recordingTool('deploy', {
  run: (_args, { signal }) => new Promise((resolve) => signal.addEventListener('abort', () => resolve({ ok: true }))),
});
const deployer = testAgent({ tools: [deploy], script: [asksFor('deploy', {}), says('Done.')] });

test('S2.2 cancelled once: all hear it, the end is stamped once, and nothing stamps it again', async () => {
  await using world = await testWorld({ agents: [agent] });
  await using replica = await createReplica(world);
  const anna = await world.person('anna');
  const run = await anna.startRun({});
  const approval = await run.pending();
  const away = replica.speaksHere(anna).run(run.runId);
  const answers = await Promise.all(Array.from({ length: 10 }, (_, index) => (index % 2 === 0 ? run : away).cancel()));
  for (const answer of answers) expect(answer).toMatchObject({ status: 200, body: { cancelled: true } });
  const ended = await run.get();
  expect(ended).toMatchObject({ status: 'cancelled' });
  const types = await run.types();
  expect(types.filter((type) => type === 'run.cancel_requested')).toHaveLength(1);
  expect(types.filter((type) => type === 'run.cancelled')).toHaveLength(1);
  expect(types.filter((type) => type === 'approval.withdrawn')).toHaveLength(1);

  expect(await run.cancel()).toMatchObject({ status: 200, body: { cancelled: true, endedAt: ended.endedAt } });
  expect(await run.decide(approval, 'approve')).toMatchObject({ status: 410 });
  expect(await run.get()).toEqual(ended);
  expect(refund.calls).toEqual([]);
});

test('S2.2 a run that has completed is not cancelled: the answer says false, and nothing is stamped', async () => {
  await using world = await testWorld({ agents: [agent] });
  const anna = await world.person('anna');
  const run = await anna.startRun({});
  await run.decide(await run.pending(), 'reject');
  const ended = await run.settles();
  const answers = await Promise.all([run.cancel(), run.cancel()]);
  for (const answer of answers)
    expect(answer).toMatchObject({ status: 200, body: { cancelled: false, status: 'completed' } });
  expect(await run.get()).toEqual(ended);
});

test('S2.2 cancelled ten times with a tool under way: what it did is recorded, then the run ends, once', async () => {
  await using world = await testWorld({ agents: [deployer] });
  const anna = await world.person('anna');
  const run = await anna.startRun({});
  await run.decide(await run.pending(), 'approve');
  await waitFor('the tool to be entered', () => deploy.calls.length === 1);
  const answers = await Promise.all(Array.from({ length: 10 }, () => run.cancel()));
  for (const answer of answers) expect(answer).toMatchObject({ status: 200, body: { cancelled: true } });
  expect(await untilEnded(run)).toMatchObject({ status: 'cancelled' });
  const types = await run.types();
  expect(types.filter((type) => type.startsWith('run.cancel'))).toEqual(['run.cancel_requested', 'run.cancelled']);
  expect(types.slice(-2)).toEqual(['tool.completed', 'run.cancelled']);
});
