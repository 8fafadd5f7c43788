/** Messages into a run, on the real thing: what the model is sent afterwards is what counts. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ModelRequest } from '../../src/adapters/models/model-port.ts';
import type { Problem } from '../../src/contract/problem.ts';
import type { CommandedRun } from '../../src/contract/run-commands.ts';
import { asksFor, recordingTool, says, testAgent } from '../../src/testing/index.ts';
import type { Person, StartedRun, World } from '../../src/testing/index.ts';
import { createReplica } from '../support/replica.ts';
import type { Replica } from '../support/replica.ts';
import { testWorld } from '../support/world.ts';

const refund = recordingTool('refund');
const fourEyes = { id: 'refund', match: 'refund', effect: 'ask', approvers: { notRequester: true } } as const;

/** What the models were sent, turn by turn; and gates that hold a turn until a test lets it go. */
const prompts: (readonly string[])[] = [];
const told = ({ messages }: ModelRequest) => messages.map(({ role, text }) => `${role}: ${text}`);
const hears = (then: ReturnType<typeof says>) => (request: ModelRequest) => {
  prompts.push(told(request));
  return then;
};
const gates = new Map<string, PromiseWithResolvers<void>>();
const gate = (name: string) => {
  const found = gates.get(name) ?? Promise.withResolvers<void>();
  gates.set(name, found);
  return found;
};

const agents = [
  testAgent({
    name: 'asks',
    tools: [refund],
    policy: [fourEyes],
    script: [
      async (request) => {
        await gate(request.messages[0]?.text ?? '').promise;
        return asksFor('refund', {});
      },
      hears(says('Done.')),
    ],
  }),
  testAgent({
    name: 'talks',
    script: [
      async (request) => {
        await gate(request.messages[0]?.text ?? '').promise;
        return says('First.');
      },
      hears(says('Second.')),
      hears(says('Third.')),
    ],
  }),
  testAgent({ name: 'quick', script: [says('First.'), hears(says('Second.')), hears(says('Third.'))] }),
];

let world: World;
let replica: Replica;
let rita: Person;
let olga: Person;
let paul: Person;

beforeAll(async () => {
  world = await testWorld({ agents });
  replica = await createReplica(world, { guards: { pii: { action: 'redact' } } });
  rita = await world.person('rita', { roles: ['requester'] });
  olga = await world.person('olga', { roles: ['operator', 'approver'] });
  paul = await world.person('paul', { roles: ['approver'] });
});
afterAll(async () => {
  for (const { resolve } of gates.values()) resolve();
  await replica?.[Symbol.asyncDispose]();
  await world?.[Symbol.asyncDispose]();
});

let inputs = 0;
const start = async (agent: string, { open = true } = {}): Promise<{ run: StartedRun; input: string }> => {
  const input = `Begin ${++inputs}.`;
  if (open) gate(input).resolve();
  return { run: await rita.startRun({ agent, input }), input };
};
const send = (person: Person, { runId }: StartedRun, text: string, key?: string) =>
  person.request<Omit<CommandedRun, 'status'> & Omit<Problem, 'status'>>('POST', `/v1/runs/${runId}/messages`, {
    body: { text },
    ...(key !== undefined && { headers: { 'idempotency-key': key } }),
  });
const received = async (run: StartedRun) => (await run.events()).filter(({ type }) => type === 'message.received');

describe('a message', () => {
  test('to a suspended run: it stays suspended, and the model reads it, in order and once, when the run goes on', async () => {
    const { run, input } = await start('asks');
    const approval = await run.pending();
    expect(await send(rita, run, 'One.')).toMatchObject({
      status: 200,
      body: { outcome: 'recorded', status: 'suspended', guards: [] },
    });
    expect(await send(olga, run, 'Two.')).toMatchObject({ status: 200 });
    expect(await run.approvals()).toMatchObject([{ status: 'pending', votes: [] }]);
    const [first] = await received(run);
    expect(first).toMatchObject({ content: { text: 'One.' }, data: { actor: { principal: 'rita' } } });
    expect(JSON.stringify(first?.data)).not.toContain('One.');
    prompts.length = 0;
    await paul.run(run.runId).decide(approval, 'approve');
    expect(await run.settles()).toMatchObject({ status: 'completed', output: 'Done.' });
    expect(prompts).toEqual([[`user: ${input}`, 'assistant: ', 'tool: {"ok":true}', 'user: One.', 'user: Two.']]);
  });

  test('while the model speaks: the run goes on for another turn, and the model reads it after what it said', async () => {
    const { run, input } = await start('talks', { open: false });
    await run.event('turn.started');
    expect(await send(rita, run, 'Wait.')).toMatchObject({ status: 200, body: { outcome: 'recorded' } });
    prompts.length = 0;
    gate(input).resolve();
    expect(await run.settles()).toMatchObject({ status: 'completed', output: 'Second.' });
    expect(prompts).toEqual([[`user: ${input}`, 'assistant: First.', 'user: Wait.']]);
  });

  test('to a blocked run: it stays blocked', async () => {
    const { run } = await start('asks');
    await run.pending();
    await run.block('Stop.');
    expect(await send(olga, run, 'Look.')).toMatchObject({ status: 200, body: { status: 'needs_attention' } });
  });

  test('to a run that is over: 410', async () => {
    const { run } = await start('talks');
    await run.settles();
    expect(await send(rita, run, 'Hello?')).toMatchObject({ status: 410, body: { code: 'run_over' } });
    expect(await received(run)).toEqual([]);
  });

  test('under one key it is one message, whichever replica hears it; other words are another request', async () => {
    const { run } = await start('asks');
    await run.pending();
    const there = replica.speaksHere(rita);
    const answers = await Promise.all(
      [rita, there, rita, there].map((person) => send(person, run, 'Once, to ada@example.org.', 'key-1')),
    );
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect(new Set(answers.map(({ body }) => body.commandId)).size).toBe(1);
    expect(await received(run)).toHaveLength(1);
    const again = await send(there, run, 'Once, to ada@example.org.', 'key-1');
    expect(again.body).toMatchObject({ outcome: 'already_recorded', commandId: answers[0]?.body.commandId });
    expect(await send(there, run, 'Twice.', 'key-1')).toMatchObject({ status: 422 });
  });

  test('S1.10 passes the guards', async () => {
    const { run } = await start('asks');
    await run.pending();
    const answer = await send(replica.speaksHere(rita), run, 'Ask ada@example.org.');
    expect(answer.body.guards).toEqual([{ guard: 'pii', action: 'redact', places: [{ where: 'message', count: 1 }] }]);
    expect(await received(run)).toMatchObject([{ content: { text: 'Ask [email].' } }]);
  });

  test.each([
    ['nothing', ''],
    ['blanks', '  \n'],
    ['a book', 'x'.repeat(16_001)],
  ])('%s is none', async (_name, text) => {
    const { run } = await start('asks');
    expect(await send(rita, run, text)).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
  });

  test('comes from the requester or an operator, and from people', async () => {
    const { run } = await start('asks');
    const other = await world.person('other', { roles: ['requester'] });
    const auditor = await world.person('auditor', { roles: ['auditor'] });
    const service = await world.person('rita', { roles: ['requester'], kind: 'service' });
    expect(await send(other, run, 'Hi.')).toMatchObject({ status: 404 });
    expect(await send(auditor, run, 'Hi.')).toMatchObject({ status: 403 });
    expect(await send(paul, run, 'Hi.')).toMatchObject({ status: 403 });
    expect(await send(service, run, 'Hi.')).toMatchObject({ status: 403, body: { code: 'service_cannot_decide' } });
    expect(await received(run)).toEqual([]);
  });
});

describe('S1.3 who speaks to a run is no second pair of eyes', () => {
  test('its sender cannot decide what is asked for afterwards; somebody who writes later can', async () => {
    const { run, input } = await start('asks', { open: false });
    await run.event('turn.started');
    expect(await send(olga, run, 'Refund order 7.')).toMatchObject({ status: 200 });
    gate(input).resolve();
    const approval = await run.pending();
    const refused = await olga.run(run.runId).decide(approval, 'approve');
    expect(refused).toMatchObject({ status: 403, body: { code: 'self_approval' } });
    const viewed = await olga.run(run.runId).approvals();
    expect(viewed).toMatchObject([{ viewer: { canDecide: false, why: { code: 'self_approval' } } }]);
    const before = refund.calls.length;
    const late = await world.person('late', { roles: ['operator', 'approver'] });
    expect(await send(late, run, 'I will look at it.')).toMatchObject({ status: 200 });
    expect(await late.run(run.runId).decide(approval, 'approve')).toMatchObject({ status: 200 });
    expect(await run.settles()).toMatchObject({ status: 'completed' });
    // The gate has let it through: what was said after the request takes nothing from the decision.
    expect(refund.calls.length).toBe(before + 1);
  });
});

test('B4 message against the end of the run: what is recorded the model has read, what is refused it has not', async () => {
  const outcomes: number[] = [];
  for (let round = 0; round < 25; round += 1) {
    prompts.length = 0;
    const run = await rita.startRun({ agent: 'quick', input: `Quick ${round}.` });
    const text = `Message ${round}.`;
    const [here, there] = await Promise.all([
      send(rita, run, text, `race-${round}`),
      send(replica.speaksHere(rita), run, text, `race-${round}`),
    ]);
    await run.ends();
    const isRead = prompts.flat().includes(`user: ${text}`);
    const count = (await received(run)).length;
    for (const { status, body } of [here, there]) {
      expect([200, 410]).toContain(status);
      if (status === 410) expect(body.code).toBe('run_over');
    }
    // Both are the same message: if one of them was recorded it was, and then it was read.
    const isRecorded = here.status === 200 || there.status === 200;
    expect([count, isRead]).toEqual(isRecorded ? [1, true] : [0, false]);
    expect(await run.get()).toMatchObject({ status: 'completed' });
    outcomes.push(here.status);
  }
  expect(outcomes.length).toBe(25);
});
