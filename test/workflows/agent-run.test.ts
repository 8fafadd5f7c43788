/** The run on a real Temporal server: its story, its signals, its end. */
import { Client, Connection } from '@temporalio/client';
import type { WorkflowHandle } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { workflowId } from '../../src/domain/core/ids.ts';
import { createCommandSigner } from '../../src/gateway/sign-command.ts';
import { createSigningKeys, trustedKeys } from '../../src/platform/signing-keys.ts';
import { asksFor, asksForAll, failsOnce, rawText, recordingTool, says, testAgent } from '../../src/testing/index.ts';
import type { World } from '../../src/testing/index.ts';
import { ModelError } from '../../src/adapters/models/model-port.ts';
import { currentAgent } from '../../src/store/definitions.ts';
import { verifyStoredChain } from '../../src/store/verify-stored-chain.ts';
import { testWorld } from '../support/world.ts';

const refund = recordingTool('refund');
const look = recordingTool('look', { effect: 'none' });
const explode = recordingTool('explode', {
  run: async () => {
    throw new Error('secret-detail');
  },
});
const allowLook = { id: 'look', match: 'look', effect: 'allow' } as const;
const neverExplode = { id: 'never', match: 'forbidden', effect: 'deny', reason: 'Not here.' } as const;
const forbidden = recordingTool('forbidden');
const tools = [refund, look, explode, forbidden];
const agent = (name: string, script: Parameters<typeof testAgent>[0]['script'], more: object = {}) =>
  testAgent({ name, script, tools, policy: [allowLook, neverExplode], ...more });

const busy = () =>
  new ModelError('provider_unavailable', 'The provider is busy.', { retryable: true, retryAfterMs: 1 });

const agents = [
  agent('refunds', [asksFor('refund', { text: 'five' }), says('Refunded.')]),
  agent('mixed', [
    asksForAll([
      asksFor('look', {}),
      asksFor('refund', {}),
      asksFor('forbidden', {}),
      asksFor('refund', { text: 'b' }),
    ]),
    says('Mixed.'),
  ]),
  agent('wild', [
    asksForAll([
      asksFor('refund', rawText('{"text":"a","text":"b"}')),
      asksFor('refund', rawText('{"text":12345678901234567890}')),
      asksFor('refund', rawText('{"text":"\\u0000"}')),
      asksFor('refund', rawText('{"text":"\\ud800"}')),
      asksFor('refund', rawText('{"__proto__":{"text":"x"}}')),
      asksFor('refund', rawText('{"text":"x","amount":5}')),
      asksFor('refund', rawText('{')),
      asksFor('nobody', {}),
    ]),
    says('Sorry.'),
  ]),
  agent('flaky', [failsOnce(busy(), says('Back again.'))]),
  agent('fatal', [
    () => {
      throw new ModelError('provider_auth', 'The key is not accepted.', { retryable: false });
    },
  ]),
  agent('boom', [asksFor('explode', {}), says('It broke.')], {
    policy: [{ id: 'explode', match: 'explode', effect: 'allow' }],
  }),
];

let world: World;
let connection: Connection;

beforeAll(async () => {
  world = await testWorld({ agents });
  connection = await Connection.connect({ address: inject('temporalAddress') });
});
afterAll(async () => {
  await connection.close();
  await world[Symbol.asyncDispose]();
});

const handleOf = (runId: string): WorkflowHandle =>
  new Client({ connection }).workflow.getHandle(workflowId({ ...world.scope, runId }));

const entered = (from: number) => refund.calls.slice(from);

describe('an approved call', () => {
  test('B1 B3 runs once, with exactly what was shown; the chain of events verifies', async () => {
    const before = refund.calls.length;
    const anna = await world.person('anna');
    const run = await anna.startRun({ agent: 'refunds' });
    const approval = await run.pending();
    expect(approval).toMatchObject({ tool: { name: 'refund' }, arguments: { text: 'five' }, status: 'pending' });
    expect(await run.decide(approval, 'approve')).toMatchObject({ status: 200, body: { outcome: 'recorded' } });
    expect(await run.settles()).toMatchObject({ status: 'completed', output: 'Refunded.' });
    expect(entered(before)).toEqual([
      { arguments: { text: 'five' }, effectKey: `tool-approval:${run.runId}:call_1_0.1` },
    ]);
    expect(await verifyStoredChain(world.store, world.scope, run.runId)).toMatchObject({ ok: true });
  });

  test('costs at most 22 history events, and no content is in them', async () => {
    const anna = await world.person('anna');
    const run = await anna.startRun({ agent: 'refunds', input: 'canary-input' });
    await run.decide(await run.pending(), 'approve', { reason: 'canary-reason' });
    await run.settles();
    const handle = handleOf(run.runId);
    await handle.result();
    const history = await handle.fetchHistory();
    const turns = (history.events ?? []).flatMap((event, index) =>
      event.activityTaskScheduledEventAttributes?.activityType?.name === 'callModel' ? [index] : [],
    );
    // From one turn's model step to the next: 18 of bare Temporal, the flush, the attribute that says it waits. That it
    // goes on is said with the next step.
    expect((turns[1] ?? Infinity) - (turns[0] ?? 0)).toBe(20);
    const bytes = Buffer.from(JSON.stringify(history)).toString();
    const decoded = JSON.stringify(history.events, (_, value: unknown) =>
      value instanceof Uint8Array ? Buffer.from(value).toString('utf8') : value,
    );
    for (const canary of ['canary-input', 'canary-reason', 'five', 'Refunded.']) {
      expect(bytes).not.toContain(canary);
      expect(decoded).not.toContain(canary);
    }
  });
});

describe('a rejected call', () => {
  test('S1.2 B2 never runs; the model is told why', async () => {
    const before = refund.calls.length;
    const anna = await world.person('anna');
    const run = await anna.startRun({ agent: 'refunds' });
    expect(await run.decide(await run.pending(), 'reject', { reason: 'Too much.' })).toMatchObject({ status: 200 });
    expect(await run.settles()).toMatchObject({ status: 'completed' });
    expect(entered(before)).toEqual([]);
    expect(await run.types()).toContain('tool.denied');
  });
});

describe('several calls of one turn', () => {
  test('S1.4 S1.5 allowed ones run at once, asked ones are decided one by one, denied ones never run', async () => {
    const before = { refund: refund.calls.length, look: look.calls.length };
    const anna = await world.person('anna');
    const run = await anna.startRun({ agent: 'mixed' });
    await run.settles();
    const approvals = await run.approvals();
    expect(approvals.map((approval) => approval.key).toSorted()).toEqual(['call_1_1', 'call_1_3']);
    const [first, second] = approvals.toSorted((a, b) => a.key.localeCompare(b.key));
    if (!first || !second) throw new Error('Two approvals are needed.');
    await run.decide(second, 'approve');
    await run.decide(first, 'reject');
    expect(await run.settles()).toMatchObject({ status: 'completed', output: 'Mixed.' });
    expect(look.calls.length - before.look).toBe(1);
    expect(entered(before.refund).map((call) => call.arguments)).toEqual([{ text: 'b' }]);
    expect(forbidden.calls).toEqual([]);
  });
});

describe('arguments of a hostile model', () => {
  test('are tool errors to the model, never a stuck run', async () => {
    const before = refund.calls.length;
    const anna = await world.person('anna');
    const run = await anna.startRun({ agent: 'wild' });
    expect(await run.settles()).toMatchObject({ status: 'completed', output: 'Sorry.' });
    expect(entered(before)).toEqual([]);
    const denied = (await run.events()).filter((event) => event.type === 'tool.denied');
    expect(denied.map((event) => (event.data as { code: string }).code)).toEqual([
      ...Array<string>(7).fill('invalid_arguments'),
      'unknown_tool',
    ]);
  });
});

describe('the model', () => {
  test('S3.4 is asked again after a busy provider, at once and visibly', async () => {
    const anna = await world.person('anna');
    const run = await anna.startRun({ agent: 'flaky' });
    expect(await run.settles()).toMatchObject({ status: 'completed', output: 'Back again.' });
    expect(await run.types()).toContain('message.restarted');
  });

  test('fails the run where retrying is no use', async () => {
    const anna = await world.person('anna');
    const run = await anna.startRun({ agent: 'fatal' });
    expect(await run.settles()).toMatchObject({ status: 'failed', failure: { code: 'provider_auth' } });
  });
});

describe('a tool that throws', () => {
  test('is a failure the model hears of, without what only the machine should know', async () => {
    const anna = await world.person('anna');
    const run = await anna.startRun({ agent: 'boom' });
    expect(await run.settles()).toMatchObject({ status: 'completed', output: 'It broke.' });
    expect(await run.types()).toContain('tool.failed');
    expect(JSON.stringify(await run.events())).not.toContain('secret-detail');
  });
});

describe('signals from a shell', () => {
  test('an unattested or forged decision changes nothing and is counted; queries show what waits', async () => {
    const before = refund.calls.length;
    const anna = await world.person('anna');
    const run = await anna.startRun({ agent: 'refunds' });
    const approval = await run.pending();
    const handle = handleOf(run.runId);
    const forger = await createCommandSigner(await createSigningKeys(Date.now()));
    const actor = { principal: 'anna', kind: 'person' as const, groups: [], credentialId: 'x' };
    const command = {
      type: 'decide' as const,
      runId: run.runId,
      approvalId: approval.approvalId,
      revision: 1,
      decisionId: 'forged',
      decision: 'approve' as const,
      digest: approval.digest,
    };
    const context = { ...world.scope, actor, authTime: Date.now(), channel: 'api' as const, nowMs: Date.now() };
    for (const signal of [{ decision: 'approve' }, null, await forger.sign(command, context)])
      await handle.signal('decide', signal);
    await handle.signal('approve', true);

    expect(await handle.query('status')).toMatchObject({
      status: 'suspended',
      ignoredCommands: 4,
      pendingApprovals: 1,
    });
    expect(await handle.query('approvals')).toMatchObject({
      approvals: [{ approvalId: approval.approvalId, tool: 'refund', digest: approval.digest, status: 'pending' }],
      more: 0,
    });
    expect(entered(before)).toEqual([]);
    // Nobody is locked out by it.
    expect(await run.decide(approval, 'approve')).toMatchObject({ status: 200 });
    expect(await run.settles()).toMatchObject({ status: 'completed' });
  });

  test('S0.5 S2.2 cancel is obeyed from the API, a shell and Temporal itself', async () => {
    const anna = await world.person('anna');
    const [byApi, byShell, byTemporal] = await Promise.all([1, 2, 3].map(() => anna.startRun({ agent: 'refunds' })));
    if (!byApi || !byShell || !byTemporal) throw new Error('Three runs are needed.');
    await Promise.all([byApi, byShell, byTemporal].map((run) => run.pending()));
    expect(await byApi.cancel()).toMatchObject({ status: 200, body: { cancelled: true } });
    await handleOf(byShell.runId).signal('cancel');
    await handleOf(byTemporal.runId).cancel();
    for (const run of [byApi, byShell, byTemporal]) {
      await handleOf(run.runId).result();
      expect(await run.get()).toMatchObject({ status: 'cancelled' });
      expect((await run.approvals()).map((approval) => approval.status)).toEqual(['withdrawn']);
    }
    const { endedAt } = await byApi.get();
    expect(await byApi.cancel()).toMatchObject({ status: 200, body: { cancelled: true, endedAt } });
  });

  test('S2.2 a run that has completed is not cancelled, and the answer says so', async () => {
    const anna = await world.person('anna');
    const run = await anna.startRun({ agent: 'flaky' });
    const { endedAt } = await run.settles();
    expect(await run.cancel()).toMatchObject({ status: 200, body: { cancelled: false, status: 'completed', endedAt } });
  });

  test('B1 a workflow that somebody starts straight through Temporal fails; nothing runs and nothing is stored', async () => {
    const before = refund.calls.length;
    const runId = `run_${'f'.repeat(26)}`;
    const agentOf = await currentAgent(world.store, world.scope, 'refunds');
    const start = {
      type: 'start',
      ...world.scope,
      runId,
      agent: 'refunds',
      agentDigest: agentOf?.digest,
      policyDigest: agentOf?.definition.policyDigest,
      requester: { principal: 'mallory', groups: [] },
      inputRef: { sha256: 'a'.repeat(64), bytes: 1 },
      salt: '0'.repeat(32),
    };
    const forged = await createSigningKeys(Date.now());
    const input = {
      v: 1,
      start: { bytes: JSON.stringify(start), jws: 'x.y.z' },
      anchors: trustedKeys(forged).anchors,
      audience: forged.audience,
      searchAttributes: false,
      limits: agentOf?.definition.limits,
    };
    const { workflow } = new Client({ connection });
    const id = workflowId({ ...world.scope, runId });
    const handle = await workflow.start('agentRun', { workflowId: id, taskQueue: world.taskQueue, args: [input] });
    await expect(handle.result()).rejects.toThrow();
    expect(entered(before)).toEqual([]);
    const anna = await world.person('anna');
    expect(await anna.request('GET', `/v1/runs/${runId}`)).toMatchObject({ status: 404 });
  });
});
