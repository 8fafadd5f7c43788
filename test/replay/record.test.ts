/** Records histories: `COUNTERSIGN_RECORD=1 npm test -- test/replay/record.test.ts`. Otherwise does nothing. */
import { writeFile } from 'node:fs/promises';
import { Client, Connection } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { RuleInput } from '../../src/domain/policy/policy-schema.ts';
import { workflowId } from '../../src/domain/core/ids.ts';
import { askUser } from '../../src/adapters/tools/built-in/ask-user.ts';
import { subRunId, toolTaskWorkflowId } from '../../src/domain/core/ids.ts';
import { sequence } from '../../src/adapters/agents/sequence.ts';
import { subAgent } from '../../src/adapters/tools/built-in/sub-agent.ts';
import { defineTool } from '../../src/adapters/tools/tool.ts';
import { blockRun } from '../../src/adapters/tools/built-in/block-run.ts';
import { ModelError } from '../../src/adapters/models/model-port.ts';
import type { ModelPort } from '../../src/adapters/models/model-port.ts';
import { scriptedModel } from '../../src/testing/scripted-model.ts';
import { asksFor, asksForAll, recordingTool, says, testAgent } from '../../src/testing/index.ts';
import type { StartedRun, World } from '../../src/testing/index.ts';
import { startToolWorker } from '../support/tool-worker.ts';
import type { TakenCall } from '../support/tool-worker.ts';
import { testWorld } from '../support/world.ts';

const record = async (world: World, name: string, run: StartedRun, taskId?: string): Promise<string> => {
  const connection = await Connection.connect({ address: world.temporalAddress });
  const address = { ...world.scope, runId: run.runId };
  const id = taskId === undefined ? workflowId(address) : toolTaskWorkflowId(address, taskId);
  const handle = new Client({ connection }).workflow.getHandle(id);
  await handle.result();
  const history: unknown = JSON.parse(historyToJSON(await handle.fetchHistory()));
  // Who recorded it, and on which machine, is of no interest to a replay.
  const anonymous = JSON.stringify(history, (_, value: unknown) => (isIdentity(value) ? 'recorded' : value), 1);
  await writeFile(new URL(`histories/${name}.${run.runId}.json`, import.meta.url), `${anonymous}\n`);
  await connection.close();
  return anonymous;
};

const isIdentity = (value: unknown): boolean => typeof value === 'string' && /^\d+@/.test(value);

const refund = recordingTool('refund');
const look = recordingTool('look', { effect: 'none' });
const policy = [{ id: 'look', match: 'look', effect: 'allow' }] as const;
const twoPeople = { id: 'refund', match: 'refund', effect: 'ask', approvers: { approvals: 2 } } as const;
const ladder: RuleInput = {
  id: 'refund',
  match: 'refund',
  effect: 'ask',
  decideWithin: '1d',
  warnBefore: '2h',
  remindEvery: '10h',
  onExpire: 'escalate',
  escalate: [{ approvers: { groups: ['leads'] }, within: '1d' }],
  escalateThen: 'block',
};
const below = testAgent({ name: 'below', tools: [refund], script: [asksFor('refund', {}), says('Done.')] });
const taker = testAgent({ name: 'taker', tools: [refund], script: [says(''), asksFor('refund', {}), says('Done.')] });
const busy: ModelPort = {
  generate: () => Promise.reject(new ModelError('quota_exceeded', 'No quota is left.', { retryable: false })),
};
/** Refuses what is longer than a summary. */
const tiny: ModelPort = {
  async generate(request, io) {
    const isSummary = request.instructions.includes('Write a summary');
    const isLong = request.messages.some((message) => message.role === 'tool');
    if (isLong && !isSummary) throw new ModelError('context_too_long', 'Too long.', { retryable: false });
    const hasSummary = request.messages.some((message) => message.text.includes('Summary of turns'));
    const turn = isSummary ? says('It looked.') : hasSummary ? says('Done.') : asksFor('look', {});
    return scriptedModel(() => turn).generate(request, io);
  },
};
const agents = [
  testAgent({
    name: 'spare',
    model: 'busy/m',
    fallbackModels: ['scripted/spare'],
    providers: { busy },
    script: [says('Done.')],
  }),
  testAgent({ name: 'tiny', model: 'tiny/m', providers: { tiny }, tools: [look], policy: [...policy], script: [] }),
  testAgent({
    name: 'thrifty',
    tools: [look],
    policy: [...policy],
    limits: { budget: { turns: 1 } },
    script: [asksFor('look', {}), asksFor('look', { text: 'b' }), says('Done.')],
  }),
  testAgent({
    name: 'three',
    tools: [refund, askUser(), blockRun()],
    policy: [twoPeople],
    script: [
      asksFor('refund', {}),
      asksFor('ask_user', { question: 'Go on?' }),
      asksFor('block_run', { reason: 'Look at this.' }),
      asksFor('refund', { text: 'b' }),
      says('Done.'),
    ],
  }),
  testAgent({
    name: 'caller',
    tools: [subAgent({ agent: below, description: 'Refunds.' })],
    script: [asksForAll([asksFor('below', { input: 'One.' }), asksFor('below', { input: 'Two.' })]), says('Done.')],
  }),
  testAgent({
    name: 'hands-over',
    transfers: [taker],
    script: [asksFor('transfer_to_taker', { reason: 'Money.' })],
  }),
  sequence({
    name: 'two-agents',
    hideIntermediate: true,
    agents: [
      testAgent({ name: 'first', tools: [refund], script: [asksFor('refund', {}), says('Draft.')] }),
      testAgent({ name: 'second', script: [says('Skipped.'), says('Skipped.'), says('Final.')] }),
    ],
  }),
  testAgent({ name: 'patient', tools: [refund], policy: [ladder], script: [asksFor('refund', {}), says('Done.')] }),
  testAgent({ name: 'one', tools: [refund], script: [asksFor('refund', {}), says('Done.')] }),
  testAgent({
    name: 'two',
    tools: [refund, look],
    policy,
    script: [asksForAll([asksFor('look', {}), asksFor('refund', {}), asksFor('refund', { text: 'x' })]), says('Done.')],
  }),
];

describe.runIf(process.env['COUNTERSIGN_RECORD'])('recordings', () => {
  test('of calls on another task queue: carried out, and not taken', async () => {
    const taskQueue = `recorded-${Date.now()}`;
    const tell = defineTool({
      name: 'tell',
      description: 'd',
      input: z.strictObject({}),
      taskQueue,
      startWithinMs: 5_000,
    });
    const teller = { tools: [tell], policy: [{ id: 'tell', match: 'tell', effect: 'allow' }] } as const;
    await using world = await testWorld({
      agents: [testAgent({ ...teller, script: [asksFor('tell', {}), says('Done.')] })],
    });
    const anna = await world.person('anna');
    const alone = await anna.startRun({});
    await alone.settles();
    const taskIdOf = async (run: StartedRun) => String((await run.event('tool.queued')).data['taskId']);
    expect(await record(world, 'not-taken', alone, await taskIdOf(alone))).toContain('toolTask');
    const carryOut = (call: TakenCall) => call.report('told');
    const worker = await startToolWorker({
      temporalAddress: world.temporalAddress,
      taskQueue,
      service: anna,
      carryOut,
    });
    const run = await anna.startRun({});
    await run.ends();
    expect(await record(world, 'carried-out', run, await taskIdOf(run))).toContain('toolTask');
    await worker.stop();
  });

  test('of runs in real time', async () => {
    await using world = await testWorld({ agents });
    const anna = await world.person('anna');
    const approved = await anna.startRun({ agent: 'one' });
    await approved.decide(await approved.pending(), 'approve');
    expect(await record(world, 'approved', approved)).toContain('agentRun');

    const mixed = await anna.startRun({ agent: 'two' });
    await mixed.settles();
    for (const [index, approval] of (await mixed.approvals()).entries())
      await mixed.decide(approval, index === 0 ? 'reject' : 'approve');
    expect(await record(world, 'mixed', mixed)).toContain('agentRun');

    const ben = await world.person('ben');
    const voted = await anna.startRun({ agent: 'three' });
    const first = await voted.pending();
    await voted.decide(first, 'approve');
    await ben.run(voted.runId).decide(first, 'approve');
    await voted.event('approval.requested', 2);
    await voted.decide(await voted.pending(), 'respond', { response: 'Yes.' });
    await voted.event('run.blocked');
    await voted.unblock('All is well.');
    await voted.event('approval.requested', 3);
    const edited = await voted.pending();
    await voted.decide(edited, 'edit', { arguments: { text: 'c' } });
    const revised = await voted.pending();
    await ben.run(voted.runId).decide(revised, 'approve');
    await (await world.person('carla')).run(voted.runId).decide(revised, 'approve');
    expect(await record(world, 'voted', voted)).toContain('agentRun');

    const fellBack = await anna.startRun({ agent: 'spare' });
    await fellBack.ends();
    expect(await record(world, 'fell-back', fellBack)).toContain('agentRun');

    const compacted = await anna.startRun({ agent: 'tiny' });
    await compacted.ends();
    expect(await record(world, 'compacted', compacted)).toContain('agentRun');

    const budgeted = await anna.startRun({ agent: 'thrifty' });
    await budgeted.decide(await budgeted.pending(), 'approve');
    await budgeted.decide(await budgeted.pending(), 'edit', { arguments: { turns: 9 } });
    await budgeted.ends();
    expect(await record(world, 'budgeted', budgeted)).toContain('agentRun');

    const cancelled = await anna.startRun({ agent: 'one' });
    await cancelled.pending();
    await cancelled.cancel();
    expect(await record(world, 'cancelled', cancelled)).toContain('agentRun');
  });

  test('of a run that people write to', async () => {
    await using world = await testWorld({ agents });
    const anna = await world.person('anna');
    const messaged = await anna.startRun({ agent: 'three' });
    await messaged.pending();
    await messaged.message('Mind the currency.');
    await messaged.block('One moment.');
    await messaged.message('Euros.');
    await messaged.unblock('Go on.');
    const [approval] = await messaged.approvals();
    if (approval) await messaged.decide(approval, 'reject', { reason: 'Not now.' });
    const question = await messaged.pending();
    await messaged.message('Ask me anything.');
    await messaged.decide(question, 'respond', { response: 'No.' });
    await messaged.event('run.blocked', 2);
    await messaged.unblock();
    await messaged.event('approval.requested', 3);
    await messaged.cancel();
    expect(await record(world, 'messaged', messaged)).toContain('message');
  });

  test('of a run that calls other agents, and of one that it calls', async () => {
    await using world = await testWorld({ agents });
    const anna = await world.person('anna');
    const caller = await anna.startRun({ agent: 'caller' });
    await caller.settles();
    for (const approval of await caller.approvals()) await caller.decide(approval, 'approve');
    await caller.event('approval.requested', 4);
    const [one, two] = ['call_1_0', 'call_1_1'].map((key) => anna.run(subRunId(caller.runId, caller.runId, key)));
    if (!one || !two) throw new Error('Two agents are called.');
    await caller.block('Look at this.');
    await caller.event('run.blocked', 3);
    await caller.unblock('All is well.');
    await caller.event('run.unblocked', 3);
    await one.decide(await one.pending(), 'approve');
    await two.pending();
    await two.cancel();
    expect(await record(world, 'caller', caller)).toContain('settleSubRun');
    expect(await record(world, 'below', one)).toContain('subRunStatus');
    expect(await record(world, 'below-cancelled', two)).toContain('agentRun');
  });

  test('of runs that other agents go on with', async () => {
    await using world = await testWorld({ agents });
    const anna = await world.person('anna');
    const handed = await anna.startRun({ agent: 'hands-over' });
    await handed.decide(await handed.pending(), 'approve');
    await handed.event('approval.requested', 2);
    await handed.decide(await handed.pending(), 'approve');
    expect(await record(world, 'handed-over', handed)).toContain('agentRun');
    const inTurn = await anna.startRun({ agent: 'two-agents' });
    await inTurn.decide(await inTurn.pending(), 'approve');
    expect(await record(world, 'sequence', inTurn)).toContain('agentRun');
  });

  test('of a run that waited too long', async () => {
    await using world = await testWorld({ agents, time: 'skipped' });
    const anna = await world.person('anna');
    const expired = await anna.startRun({ agent: 'one' });
    await expired.pending();
    await world.skip('25h');
    expect(await record(world, 'expired', expired)).toContain('agentRun');

    const patient = await anna.startRun({ agent: 'patient' });
    const { toolCallId } = await patient.pending();
    await world.skip('2d 1h');
    await patient.event('run.blocked');
    await patient.resolve({ toolCallId, resolution: 'retry', reason: 'They were away.' });
    await patient.event('approval.reopened');
    await patient.decide(await patient.pending(), 'reject');
    expect(await record(world, 'escalated', patient)).toContain('agentRun');
  });
});
