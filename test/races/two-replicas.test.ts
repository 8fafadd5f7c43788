/** Any replica answers any request, whichever started the run. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { asksFor, recordingTool, says, testAgent } from '../../src/testing/index.ts';
import type { Person, World } from '../../src/testing/index.ts';
import { readEventStream } from '../support/event-reader.ts';
import { createReplica } from '../support/replica.ts';
import type { Replica } from '../support/replica.ts';
import { waitFor } from '../support/wait-for.ts';
import { testWorld } from '../support/world.ts';

const refund = recordingTool('refund');
const { promise: modelMayAnswer, resolve: letModelAnswer } = Promise.withResolvers<void>();

const agents = [
  testAgent({ tools: [refund], script: [asksFor('refund', { text: 'five' }), says('Done.')] }),
  testAgent({
    name: 'slow',
    tools: [refund],
    script: [
      async () => {
        await modelMayAnswer;
        return asksFor('refund', {});
      },
      says('Done.'),
    ],
  }),
];

let world: World;
let replica: Replica;
let here: Person;
let there: Person;

beforeAll(async () => {
  world = await testWorld({ agents });
  replica = await createReplica(world);
  here = await world.person('anna');
  there = replica.speaksHere(here);
});
afterAll(async () => {
  await replica[Symbol.asyncDispose]();
  await world[Symbol.asyncDispose]();
});

test('S0.11 B4 started here, followed and decided there: both streams are the same, to the end', async () => {
  const run = await here.startRun({});
  const [streamHere, streamThere] = await Promise.all(
    [world.url, replica.url].map((url) => readEventStream({ url, key: here.key, runId: run.runId })),
  );
  const approval = await there.run(run.runId).pending();
  expect(await there.run(run.runId).decide(approval, 'approve')).toMatchObject({
    status: 200,
    body: { outcome: 'recorded', approval: { status: 'approved' } },
  });
  await Promise.all([streamHere?.ended, streamThere?.ended]);
  const durable = streamThere?.seen.filter(({ seq }) => seq !== undefined);
  expect(durable).toEqual(streamHere?.seen.filter(({ seq }) => seq !== undefined));
  expect(streamThere?.seqs()).toEqual((await run.events()).map(({ seq }) => seq));
  expect(streamThere?.seen.at(-1)).toMatchObject({ type: 'stream.end', data: { status: 'completed' } });
  expect(await here.run(run.runId).decide(approval, 'reject')).toMatchObject({
    status: 409,
    body: { code: 'already_decided', winner: { principal: 'anna', decision: 'approve' } },
  });
});

test('B4 a decision that comes before its approval is kept until there is one', async () => {
  const run = await here.startRun({ agent: 'slow' });
  const path = `/v1/runs/${run.runId}/approvals/call_1_0/decisions`;
  const decided = there.request('POST', path, { body: { decision: 'reject', reason: 'Never.' } });
  // The other replica is asked, and waits: only then is there anything to decide.
  await waitFor('the run to be at its model', async () => (await run.types()).includes('turn.started'));
  letModelAnswer();
  expect(await decided).toMatchObject({ status: 200, body: { outcome: 'recorded' } });
  expect(await run.settles()).toMatchObject({ status: 'completed' });
  expect(refund.callsOf(run.runId)).toEqual([]);
});

test('B4 a cancel there ends the run here', async () => {
  const run = await here.startRun({});
  await run.pending();
  const stream = await readEventStream({ url: world.url, key: here.key, runId: run.runId });
  expect(await there.run(run.runId).cancel()).toMatchObject({ status: 200, body: { cancelled: true } });
  await stream.ended;
  expect(stream.seen.at(-1)).toMatchObject({ type: 'stream.end', data: { status: 'cancelled' } });
});
