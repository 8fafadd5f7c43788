/** Runs that are handed to another agent, by a call or as a sequence. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { askUser } from '../../src/adapters/tools/built-in/ask-user.ts';
import { sequence } from '../../src/adapters/agents/sequence.ts';
import { subAgent } from '../../src/adapters/tools/built-in/sub-agent.ts';
import type { ModelRequest } from '../../src/adapters/models/model-port.ts';
import type { ScriptedStep } from '../../src/adapters/models/scripted-model.ts';
import { asksFor, asksForAll, recordingTool, says, testAgent } from '../../src/testing/index.ts';
import type { Person, World } from '../../src/testing/index.ts';
import { verifiedExport } from '../support/verified-export.ts';
import { testWorld } from '../support/world.ts';

const refund = recordingTool('refund');
const requests: ModelRequest[] = [];
const allow = (tool: string) => ({ id: `allow-${tool.replaceAll('_', '-')}`, match: tool, effect: 'allow' }) as const;
const handing = (agent: string) => asksFor(`transfer_to_${agent}`, { reason: 'It is about money.' });
/** A script counts all answers of the conversation, those of the agents before, too. */
const after = (answers: number, ...steps: readonly ScriptedStep[]): readonly ScriptedStep[] => [
  ...Array.from({ length: answers }, () => says('Of another agent.')),
  ...steps,
];
const repeats = ({ messages }: ModelRequest) => says(messages.at(-1)?.text ?? '');

const payer = testAgent({
  name: 'payer',
  tools: [refund],
  script: [asksFor('refund', { text: 'deep' }), says('Paid.')],
});
const billing = testAgent({
  name: 'billing',
  instructions: 'Bill for {{customer}}.',
  variables: { customer: { default: 'somebody' } },
  tools: [refund, subAgent({ agent: payer, description: 'Pays.' })],
  policy: [allow('payer')],
  script: after(
    1,
    (request) => {
      requests.push(request);
      return asksFor('refund', {});
    },
    asksFor('payer', { input: 'Pay.' }),
    says('Billed.'),
  ),
});
const triage = testAgent({
  name: 'triage',
  transfers: [billing],
  policy: [allow('transfer_to_billing')],
  script: [handing('billing'), says('Nobody is asked that.')],
});
const careful = testAgent({ name: 'careful', transfers: [billing], script: [handing('billing'), repeats] });
const last = testAgent({ name: 'last', script: after(2, says('I am the last.')) });
const middle = testAgent({
  name: 'middle',
  transfers: [last],
  policy: [allow('transfer_to_last')],
  script: after(1, handing('last'), repeats),
});
const short = testAgent({
  name: 'short',
  limits: { maxTransfers: 1 },
  transfers: [middle, last],
  policy: [{ id: 'allow', match: 'transfer_*', effect: 'allow' }],
  script: [asksForAll([handing('middle'), handing('last')]), says('Never.')],
});
const report = sequence({
  name: 'report',
  hideIntermediate: true,
  agents: [
    testAgent({
      name: 'finds',
      tools: [askUser()],
      script: [asksFor('ask_user', { question: 'What?' }), says('A secret draft.')],
    }),
    testAgent({ name: 'checks', script: after(2, says('A secret remark.')) }),
    testAgent({
      name: 'writes',
      script: after(3, ({ messages }) => says(`Written after ${messages.length} messages.`)),
    }),
  ],
});

let world: World;
let anna: Person;
beforeAll(async () => {
  world = await testWorld({ agents: [triage, careful, short, report] });
  anna = await world.person('anna');
}, 120_000);
afterAll(() => world[Symbol.asyncDispose]());

describe('by a call', () => {
  test('S3.13 the other agent goes on: its model, tools, policy; approvals, effects and what it calls are its own', async () => {
    const run = await anna.startRun({ agent: 'triage' });
    const approval = await run.pending();
    expect(approval).toMatchObject({ runId: run.runId, agent: 'billing', path: ['billing'], toolCallId: 'call_2_0' });
    const listed = async (agent: string) =>
      (await anna.request<{ data: unknown[] }>('GET', `/v1/approvals?agent=${agent}`)).body.data.length;
    expect([await listed('billing'), await listed('triage')]).toEqual([1, 0]);
    expect(await run.decide(approval, 'edit', { arguments: { text: 'edited' } })).toMatchObject({ status: 200 });
    await run.event('approval.requested', 2);
    const deep = (await run.approvals()).find(({ status }) => status === 'pending');
    expect(deep).toMatchObject({ path: ['billing', 'payer'] });
    if (deep) await anna.run(deep.runId).decide(deep, 'approve');
    expect(await run.ends()).toMatchObject({
      status: 'completed',
      agent: 'triage',
      output: 'Billed.',
      agents: [{ agent: 'triage' }, { agent: 'billing' }],
    });
    expect(refund.calls.map((call) => call.arguments)).toEqual([{ text: 'edited' }, { text: 'deep' }]);
    expect(requests[0]?.instructions).toMatch(/^Bill for somebody\./);
    const [transferred] = (await run.events()).filter(({ type }) => type === 'run.transferred');
    expect(transferred?.data).toMatchObject({ from: 'triage', agent: 'billing', toolCallId: 'call_1_0' });
    expect(await verifiedExport(world, anna, run.runId)).toMatchObject({ ok: true, faults: [], notes: [] });
  });

  test('S3.13 without a rule it asks; rejected or answered by a person, the agent before goes on', async () => {
    const rejected = await anna.startRun({ agent: 'careful' });
    await rejected.decide(await rejected.pending(), 'reject', { reason: 'Do it yourself.' });
    const ended = await rejected.ends();
    expect(ended).toMatchObject({ status: 'completed', agents: [{ agent: 'careful' }] });
    expect(ended.output).toContain('Do it yourself.');

    const answered = await anna.startRun({ agent: 'careful' });
    await answered.decide(await answered.pending(), 'respond', { response: 'They are away.' });
    expect((await answered.ends()).agents).toMatchObject([{ agent: 'careful' }]);

    const approved = await anna.startRun({ agent: 'careful' });
    await approved.decide(await approved.pending(), 'approve');
    await approved.event('run.transferred');
    expect(await approved.pending()).toMatchObject({ path: ['billing'] });
    await approved.cancel();
  });

  test('S1.20 S3.13 one call of a turn, and so many calls of a run, hand it over; others are errors that the model reads', async () => {
    const run = await anna.startRun({ agent: 'short' });
    const ended = await run.ends();
    expect(ended).toMatchObject({ status: 'completed', agents: [{ agent: 'short' }, { agent: 'middle' }] });
    expect(ended.output).toContain('handed over as often as it may be');
    const denied = (await run.events()).filter(({ type }) => type === 'tool.denied');
    expect(denied.map(({ data }) => data['code'])).toEqual(['transferred_already', 'too_many_transfers']);
  });
});

test('S1.20 S3.13 of a sequence that hides what is between, readers are shown the last words only; the log has all of it', async () => {
  const run = await anna.startRun({ agent: 'report' });
  await run.decide(await run.pending(), 'respond', { response: 'This.' });
  expect(await run.ends()).toMatchObject({
    status: 'completed',
    output: 'Written after 7 messages.',
    agents: [{ agent: 'report' }, { agent: 'checks' }, { agent: 'writes' }],
  });
  const events = await run.events();
  expect(JSON.stringify(events)).not.toContain('secret');
  const said = events.filter(({ type }) => type === 'message.completed');
  expect(said.map(({ data, content }) => [data['hidden'] ?? false, content?.text])).toEqual([
    [true, undefined],
    [true, undefined],
    [true, undefined],
    [false, 'Written after 7 messages.'],
  ]);
  expect(await verifiedExport(world, anna, run.runId)).toMatchObject({ ok: true, faults: [], notes: [] });
});
