/** What the gate takes for consent: votes, edits, escalation. On real PostgreSQL. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { recordingTool, testAgent } from '../../src/testing/index.ts';
import { approvalId } from '../../src/domain/core/ids.ts';
import type { Approval } from '../../src/domain/schemas/approval.ts';
import type { SignedCommand } from '../../src/domain/schemas/command.ts';
import type { RunToolInput } from '../../src/domain/schemas/step.ts';
import { makeBlob, putBlobs } from '../../src/store/blobs.ts';
import { recordCommand } from '../../src/store/commands.ts';
import { person } from '../support/core.ts';
import { openGate } from '../support/gate.ts';
import type { Gate, GateRun } from '../support/gate.ts';

const input = z.strictObject({ amount: z.number() });
const names = ['plain', 'pair', 'mixed', 'checked', 'ladder', 'tiered', 'free', 'spare', 'named'] as const;
const tools = names.map((name) =>
  recordingTool(name, { input, ...(name === 'free' && { effect: 'idempotent' as const }) }),
);
const agent = testAgent({
  script: [],
  tools,
  policy: [
    { id: 'pair', match: 'pair', effect: 'ask', approvers: { approvals: 2 } },
    { id: 'finance', match: 'mixed', effect: 'ask', approvers: { groups: ['finance'] } },
    { id: 'legal', match: 'mixed', effect: 'ask', approvers: { groups: ['legal'] } },
    { id: 'named', match: 'named', effect: 'ask', approvers: { users: ['ann', 'ben'], approvals: 2 } },
    { id: 'maker', match: 'checked', effect: 'ask', approvers: { notRequester: true } },
    {
      id: 'up',
      match: 'ladder',
      effect: 'ask',
      approvers: { groups: ['team'] },
      decideWithin: '1h',
      onExpire: 'escalate',
      escalate: [{ approvers: { groups: ['lead'] }, within: '1h' }],
    },
    { id: 'small', match: 'tiered', when: 'args.amount <= 100', effect: 'allow' },
    { id: 'medium', match: 'tiered', when: 'args.amount > 100 && args.amount <= 500', effect: 'ask' },
    { id: 'large', match: 'tiered', when: 'args.amount > 500', effect: 'ask', approvers: { approvals: 2 } },
    { id: 'free', match: 'free', effect: 'allow' },
  ],
});

let gate: Gate;
let run: GateRun;
beforeAll(async () => {
  gate = await openGate(agent);
  run = await gate.run();
});
afterAll(() => gate[Symbol.asyncDispose]());

const entered = () => tools.reduce((sum, tool) => sum + tool.calls.length, 0);
/** `completed` where the tool ran, just once; else the refusal, and it did not. */
const outcome = async (call: RunToolInput, from: GateRun = run): Promise<string> => {
  const before = entered();
  const result = await gate.dispatch(call);
  expect(entered() - before).toBe(result.type === 'completed' ? 1 : 0);
  expect(from.runId).toBe(call.run.runId);
  return result.type === 'refused' ? `${result.code}/${result.then}` : result.type;
};
let index = 0;
const judged = (tool: (typeof names)[number], amount = 5, approval: Partial<Approval> = {}, from: GateRun = run) =>
  from.judged(tool, { amount }, index++, { approval });
const voteOf = (call: RunToolInput, principal: string, groups: string[] = [], more: object = {}) =>
  run.consent(call, {}, { actor: { ...person(principal, groups), ...more } });

describe('S1.4 several people', () => {
  test('agree before it runs, each counted once, whatever key they use', async () => {
    const call = await judged('pair');
    const [anna, again, otherKey, ben] = await Promise.all([
      voteOf(call, 'anna'),
      voteOf(call, 'anna'),
      voteOf(call, 'anna', [], { credentialId: 'key_2' }),
      voteOf(call, 'ben'),
    ]);
    for (const evidence of [[anna], [anna, anna], [anna, again], [anna, otherKey]])
      expect(await outcome({ ...call, evidence })).toBe('consent_quorum_not_met/void_consent');
    expect(await outcome({ ...call, evidence: [anna, ben] })).toBe('completed');
  });

  test('B10 by a delegate count for one of those who delegated, whose own vote is no other', async () => {
    const call = await judged('named');
    const handed = (...from: string[]) => ({ delegatedFrom: from.map((principal) => ({ principal, groups: [] })) });
    const [ann, forAnn, forBoth] = await Promise.all([
      voteOf(call, 'ann'),
      voteOf(call, 'dan', [], handed('ann')),
      voteOf(call, 'eve', [], handed('ann', 'ben')),
    ]);
    for (const evidence of [[ann, forAnn], [forAnn, ann], [forBoth]])
      expect(await outcome({ ...call, evidence })).toBe('consent_quorum_not_met/void_consent');
    expect(await outcome({ ...call, evidence: [forBoth, forAnn] })).toBe('completed');
  });

  test('of whom one is a forgery: the others do not make up for it', async () => {
    const call = await judged('pair');
    const votes = await Promise.all(['anna', 'ben', 'carl'].map((name) => voteOf(call, name)));
    const [first, ...others] = votes as [SignedCommand, ...SignedCommand[]];
    const forged = { ...first, bytes: first.bytes.replace('approve', 'approvE') };
    expect(await outcome({ ...call, evidence: [forged, ...others] })).toBe('consent_altered_command/void_consent');
    expect(await outcome({ ...call, evidence: votes })).toBe('completed');
  });

  test('satisfy every rule, each its own', async () => {
    const call = await judged('mixed');
    const finance = await voteOf(call, 'anna', ['finance']);
    const legal = await voteOf(call, 'ben', ['legal']);
    const neither = await voteOf(call, 'carl');
    expect(await outcome({ ...call, evidence: [finance] })).toBe('consent_quorum_not_met/void_consent');
    expect(await outcome({ ...call, evidence: [finance, neither] })).toBe('consent_not_an_approver/void_consent');
    expect(await outcome({ ...call, evidence: [finance, legal] })).toBe('completed');
  });

  test('of whom the editor is none', async () => {
    const call = await judged('pair', 5, { editor: 'anna' });
    const [anna, ben, carl] = await Promise.all(['anna', 'ben', 'carl'].map((name) => voteOf(call, name)));
    expect(await outcome({ ...call, evidence: [anna, ben] as SignedCommand[] })).toBe(
      'consent_self_approval/void_consent',
    );
    expect(await outcome({ ...call, evidence: [ben, carl] as SignedCommand[] })).toBe('completed');
  });

  test('B8 have it run within its time after the last of them', async () => {
    const call = await judged('pair');
    const anna = await voteOf(call, 'anna');
    gate.nowMs += 3_000_000;
    const ben = await voteOf(call, 'ben');
    gate.nowMs += 3_000_000;
    const late = { ...call, evidence: [anna, ben] };
    expect(await outcome(late)).toBe('completed');
    const other = await judged('pair');
    const both = await Promise.all(['anna', 'ben'].map((name) => voteOf(other, name)));
    gate.nowMs += 3_600_000;
    expect(await outcome({ ...other, evidence: both })).toBe('execution_expired/deny');
  });
});

describe('S1.5 whoever put something into the run', () => {
  const command = async (from: GateRun, principal: string, contributes: boolean) => {
    const noteRef = makeBlob({ text: 'Go on.', result: 'Go on.' });
    await putBlobs(gate.store, 'acme', [noteRef]);
    const order = { type: 'unblock', runId: from.runId, commandId: `c_${index++}`, noteRef: noteRef.ref } as const;
    const signed = await from.sign(order, { actor: person(principal) });
    const { jti, commandDigest } = JSON.parse(Buffer.from(signed.jws.split('.')[1] ?? '', 'base64url').toString()) as {
      jti: string;
      commandDigest: string;
    };
    const { tenant, project } = from.start;
    await recordCommand(gate.store, {
      ...{ tenant, project, runId: from.runId, type: 'unblock', principal, iat: gate.nowMs },
      ...{ signatureId: jti, contributes, signed },
    });
    const follow = () =>
      from.tell({
        type: 'run.unblocked',
        at: gate.nowMs,
        data: {
          ...{ actor: person(principal), channel: 'api', signatureId: jti, commandDigest },
          ...{ commandId: order.commandId, noteRef: noteRef.ref, answers: [] },
        },
      });
    return { follow };
  };
  const approvedBy = async (from: GateRun, principal: string, approval: Partial<Approval> = {}) => {
    const call = await judged('checked', 5, approval, from);
    return { ...call, evidence: [await from.consent(call, {}, { actor: person(principal) })] };
  };

  test('does not approve, as the request has it on record', async () => {
    expect(await outcome(await approvedBy(run, 'anna', { contributors: ['anna'] }))).toBe(
      'consent_self_approval/void_consent',
    );
    expect(await outcome(await approvedBy(run, 'rita'))).toBe('consent_self_approval/void_consent');
    expect(await outcome(await approvedBy(run, 'anna', { contributors: ['ben'] }))).toBe('completed');
  });

  test('does not approve by a request that keeps quiet about them', async () => {
    const other = await gate.run();
    const { follow } = await command(other, 'anna', true);
    await follow();
    gate.nowMs += 1_000;
    expect(await outcome(await approvedBy(other, 'anna'), other)).toBe('consent_self_approval/void_consent');
    expect(await outcome(await approvedBy(other, 'ben'), other)).toBe('completed');
  });

  test('approves where the run did not follow them, or only after the request', async () => {
    const other = await gate.run();
    await command(other, 'anna', true);
    const { follow } = await command(other, 'carl', false);
    await follow();
    gate.nowMs += 1_000;
    expect(await outcome(await approvedBy(other, 'anna'), other)).toBe('completed');
    expect(await outcome(await approvedBy(other, 'carl'), other)).toBe('completed');
    const call = await judged('checked', 5, {}, other);
    gate.nowMs += 1_000;
    const later = await command(other, 'ben', true);
    await later.follow();
    const evidence = [await other.consent(call, {}, { actor: person('ben') })];
    expect(await outcome({ ...call, evidence }, other)).toBe('completed');
  });
});

describe('S3.7 an escalated request', () => {
  test('is decided by the ladder that was pinned, once the time of its step has come', async () => {
    const early = await judged('ladder');
    const lead = await voteOf(early, 'lea', ['lead']);
    expect(await outcome({ ...early, evidence: [lead] })).toBe('consent_not_an_approver/void_consent');
    const call = await judged('ladder', 5, { escalated: 1 });
    gate.nowMs += 3_600_000;
    const outsider = await voteOf(call, 'ben', ['team']);
    expect(await outcome({ ...call, evidence: [outsider] })).toBe('consent_not_an_approver/void_consent');
    expect(await outcome({ ...call, evidence: [await voteOf(call, 'lea', ['lead'])] })).toBe('completed');
  });

  test('is not decided by a step whose time has not come, whatever the row says', async () => {
    const call = await judged('ladder', 5, { escalated: 1 });
    expect(await outcome({ ...call, evidence: [await voteOf(call, 'lea', ['lead'])] })).toBe(
      'consent_not_an_approver/void_consent',
    );
  });
});

describe('S1.2 an edit', () => {
  const edited = async (
    tool: 'tiered' | 'plain',
    from: number,
    to: number,
    given: object = {},
    by = person('anna'),
  ) => {
    const call = await judged(tool, from);
    const blob = makeBlob({ amount: to });
    await putBlobs(gate.store, 'acme', [blob]);
    const { digest, verdict } = run.digestOf(call, { amount: to });
    const change = { decision: 'edit' as const, edited: { argumentsRef: blob.ref, digest, verdict }, ...given };
    const evidence = [await run.consent(call, change, { actor: by })];
    return { ...call, argumentsRef: blob.ref, digest, evidence, tool };
  };

  test.each([
    [300, 200],
    [300, 50],
    [800, 300],
  ])('of %d to %d', async (from, to) => {
    const call = await edited('tiered', from, to);
    // Two were needed for what it was: one alone cannot make it something else.
    const wanted = from > 500 ? 'consent_edit_needs_others/void_consent' : 'completed';
    expect(await outcome(call)).toBe(wanted);
    if (wanted === 'completed') expect(tools[5]?.calls.at(-1)?.arguments).toEqual({ amount: to });
  });

  test('to what others must agree to does not run by itself', async () => {
    expect(await outcome(await edited('tiered', 100 + 1, 1_000_000))).toBe('consent_edit_needs_others/void_consent');
  });

  test('runs with what was signed, and with nothing else', async () => {
    const call = await edited('plain', 5, 6);
    const other = makeBlob({ amount: 7 });
    await putBlobs(gate.store, 'acme', [other]);
    expect(await outcome({ ...call, argumentsRef: other.ref })).toBe('digest_mismatch/void_consent');
    const { digest } = run.digestOf(call, { amount: 7 });
    expect(await outcome({ ...call, argumentsRef: other.ref, digest })).toBe('digest_mismatch/void_consent');
    expect(await outcome(call)).toBe('completed');
  });

  test('of something that nobody asked for is no consent', async () => {
    expect(await outcome(await edited('plain', 5, 6, { digest: `sha256:${'3'.repeat(64)}` }))).toBe(
      'consent_edit_of_another_call/void_consent',
    );
  });

  test('by a service is no consent', async () => {
    const call = await edited('plain', 5, 6, {}, { ...person('bot'), kind: 'service' });
    expect(await outcome(call)).toBe('consent_service_cannot_decide/void_consent');
  });

  test('is found again where the decision is stored before the call is dispatched', async () => {
    const call = await edited('plain', 5, 6);
    const [evidence] = call.evidence;
    const command = JSON.parse(evidence?.bytes ?? '') as { decisionId: string; edited: never };
    const { edited: made, decisionId } = command;
    const original = makeBlob({ amount: 5 });
    await putBlobs(gate.store, 'acme', [original]);
    const calls = [{ toolCallId: call.toolCallId, tool: 'plain', argumentsRef: original.ref }];
    const message = makeBlob({ text: '', calls: [] });
    await putBlobs(gate.store, 'acme', [message]);
    const data = { turn: 1, messageRef: message.ref, finishReason: 'tool-calls', calls };
    await run.tell({ type: 'message.completed', at: gate.nowMs, data });
    await run.tell({
      type: 'approval.decided',
      at: gate.nowMs,
      data: {
        ...{ approvalId: approvalId(run.runId, call.toolCallId), revision: 1, decisionId, decision: 'edit' },
        ...{ status: 'approved', digest: call.digest, edited: made, actor: person('anna'), channel: 'api' },
        signatureId: 's',
      },
    });
    expect(await outcome(call)).toBe('completed');
  });
});
