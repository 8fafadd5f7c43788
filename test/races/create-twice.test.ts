/** Twenty ask for the same run at the same moment. */
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { workflowId } from '../../src/domain/core/ids.ts';
import { asksFor, recordingTool, says, testAgent } from '../../src/testing/index.ts';
import type { Person, World } from '../../src/testing/index.ts';
import { createReplica } from '../support/replica.ts';
import type { Replica } from '../support/replica.ts';
import { waitFor } from '../support/wait-for.ts';
import { testWorld } from '../support/world.ts';

const refund = recordingTool('refund');
const agent = testAgent({ tools: [refund], script: [asksFor('refund', {}), says('Done.')] });

let world: World;
let replica: Replica;
let anna: Person;
/** The same person, speaking to the other replica. */
let away: Person;

beforeAll(async () => {
  world = await testWorld({ agents: [agent] });
  replica = await createReplica(world);
  anna = await world.person('anna');
  away = replica.speaksHere(anna);
});
afterAll(async () => {
  await replica[Symbol.asyncDispose]();
  await world[Symbol.asyncDispose]();
});

interface Started {
  readonly runId: string;
  readonly code?: string;
}

const start = (index: number, body: object, key: string) =>
  (index % 2 === 0 ? anna : away).request<Started>('POST', '/v1/runs', {
    headers: { 'idempotency-key': key },
    body: { agent: 'helper', input: 'Begin.', ...body },
  });

const twenty = <T>(one: (index: number) => Promise<T>) =>
  Promise.all(Array.from({ length: 20 }, (_, index) => one(index)));

describe('twenty concurrent starts', () => {
  test('S3.8 B4 under one key they are one run, one workflow, one effect', async () => {
    const answers = await twenty((index) => start(index, {}, 'the-same'));
    const { runId } = answers[0]?.body ?? { runId: '' };
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(19);
    expect(new Set(answers.map(({ body }) => body.runId))).toEqual(new Set([runId]));
    const run = anna.run(runId);
    await run.decide(await run.pending(), 'approve');
    expect(await run.settles()).toMatchObject({ status: 'completed' });
    expect(refund.callsOf(runId)).toHaveLength(1);
    expect((await run.types()).filter((type) => type === 'run.started')).toHaveLength(1);

    const connection = await Connection.connect({ address: world.temporalAddress });
    const query = `WorkflowId = '${workflowId({ ...world.scope, runId })}'`;
    const { workflow } = new Client({ connection });
    // What is listed may lag behind what has happened.
    await waitFor('the workflow to be listed', async () => (await workflow.count(query)).count > 0);
    expect(await workflow.count(query)).toMatchObject({ count: 1 });
    await connection.close();

    // The same key means the same run, also now that it is over; with other words it means nothing.
    expect(await start(0, {}, 'the-same')).toMatchObject({ status: 200, body: { runId, status: 'completed' } });
    const other = await start(1, { input: 'Something else.' }, 'the-same');
    expect(other).toMatchObject({ status: 422, body: { code: 'idempotency_mismatch' } });
  });

  test('B4 under one key with two bodies, one body wins and the other is refused', async () => {
    const answers = await twenty((index) => start(index, { input: `Input ${index % 2}.` }, 'two-bodies'));
    const taken = answers.filter(({ status }) => status < 300);
    const refused = answers.filter(({ status }) => status === 422);
    expect([taken.length, refused.length]).toEqual([10, 10]);
    expect(new Set(taken.map(({ body }) => body.runId)).size).toBe(1);
    expect(new Set(refused.map(({ body }) => body.code))).toEqual(new Set(['idempotency_mismatch']));
  });

  test('S3.8 in one conversation one is started, the others hear which is under way', async () => {
    const answers = await twenty((index) => start(index, { conversationId: 'ticket-1' }, `ticket-1-${index}`));
    const started = answers.filter(({ status }) => status === 201);
    expect(started).toHaveLength(1);
    const busy = { status: 409, body: { code: 'conversation_busy', runId: started[0]?.body.runId } };
    for (const answer of answers.filter(({ status }) => status !== 201)) expect(answer).toMatchObject(busy);
  });
});
