/** Signatures that are real, used for what they were not given for. Nothing runs. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { recordingTool, testAgent } from '../../src/testing/index.ts';
import { approvalId } from '../../src/domain/core/ids.ts';
import type { DecideCommand, SignedCommand } from '../../src/domain/schemas/command.ts';
import type { RunToolInput } from '../../src/domain/schemas/step.ts';
import { createCommandSigner } from '../../src/gateway/sign-command.ts';
import { createSigningKeys } from '../../src/platform/signing-keys.ts';
import { makeBlob, putBlobs } from '../../src/store/blobs.ts';
import { person } from '../support/core.ts';
import { openGate } from '../support/gate.ts';
import type { Gate, GateRun } from '../support/gate.ts';

const input = z.strictObject({ amount: z.number() });
const refund = recordingTool('refund', { input });
const agent = testAgent({
  script: [],
  tools: [refund],
  policy: [{ id: 'ask', match: '*', effect: 'ask', stateEditable: ['note'] }],
});

let gate: Gate;
let run: GateRun;
let index = 0;
beforeAll(async () => {
  gate = await openGate(agent);
  run = await gate.run();
});
afterAll(() => gate[Symbol.asyncDispose]());

const stored = async (value: object) => {
  const blob = makeBlob(JSON.parse(JSON.stringify(value)));
  await putBlobs(gate.store, 'acme', [blob]);
  return blob.ref;
};
const refused = async (call: RunToolInput): Promise<string> => {
  const before = refund.calls.length;
  const result = await gate.dispatch(call);
  expect(refund.calls).toHaveLength(before);
  return result.type === 'refused' ? result.code : result.type;
};
/** With the command changed under its signature. */
const altered = (signed: SignedCommand, change: Partial<DecideCommand>): SignedCommand => ({
  bytes: JSON.stringify({ ...(JSON.parse(signed.bytes) as DecideCommand), ...change }),
  jws: signed.jws,
});

test('S4.2 of the same approval with other edits, response or state edits', async () => {
  const call = await run.judged('refund', { amount: 5 }, index++);
  const signed = await run.consent(call);
  const argumentsRef = await stored({ amount: 1_000 });
  const { digest, verdict } = run.digestOf(call, { amount: 1_000 });
  const edited = altered(signed, { decision: 'edit', edited: { argumentsRef, digest, verdict } });
  expect(await refused({ ...call, evidence: [edited], argumentsRef, digest })).toBe('consent_altered_command');
  const responding = altered(signed, { responseRef: await stored({ result: 'done' }) });
  expect(await refused({ ...call, evidence: [responding] })).toBe('consent_altered_command');
  const setting = altered(signed, { stateEdits: { ref: await stored([]), paths: ['note'] } });
  expect(await refused({ ...call, evidence: [setting] })).toBe('consent_altered_command');
  expect(await gate.dispatch({ ...call, evidence: [signed] })).toMatchObject({ type: 'completed' });
});

test('S4.2 of an edit, for the call as it was or as somebody else made it', async () => {
  const call = await run.judged('refund', { amount: 5 }, index++);
  const argumentsRef = await stored({ amount: 6 });
  const { digest, verdict } = run.digestOf(call, { amount: 6 });
  const edit = await run.consent(call, { decision: 'edit', edited: { argumentsRef, digest, verdict } });
  expect(await refused({ ...call, evidence: [edit] })).toBe('digest_mismatch');
  const more = await stored({ amount: 7 });
  expect(
    await refused({ ...call, evidence: [edit], argumentsRef: more, digest: run.digestOf(call, { amount: 7 }).digest }),
  ).toBe('digest_mismatch');
  expect(await gate.dispatch({ ...call, evidence: [edit], argumentsRef, digest })).toMatchObject({ type: 'completed' });
});

test('S4.2 of another revision, call, run, project or tenant', async () => {
  const call = await run.judged('refund', { amount: 5 }, index++);
  const sibling = await run.judged('refund', { amount: 5 }, index++);
  const other = await gate.run();
  const theirs = await other.judged('refund', { amount: 5 }, 0);
  const evidence: [SignedCommand, string][] = [
    [await run.consent(call, { revision: 2 }), 'consent_for_another_call'],
    [await run.consent(sibling), 'consent_for_another_call'],
    [await other.consent(theirs), 'consent_wrong_run'],
    [await run.consent(call, {}, { tenant: 'other' }), 'consent_wrong_run'],
    [await run.consent(call, {}, { project: 'other' }), 'consent_wrong_run'],
    [await other.consent(theirs, { runId: run.runId }), 'consent_for_another_call'],
  ];
  for (const [signed, code] of evidence) expect(await refused({ ...call, evidence: [signed] })).toBe(code);
  expect(await gate.dispatch({ ...call, evidence: [await run.consent(call)] })).toMatchObject({ type: 'completed' });
});

test('S4.2 of another deployment, and of a key that certifies itself', async () => {
  const call = await run.judged('refund', { amount: 5 }, index++);
  const command = JSON.parse((await run.consent(call)).bytes) as DecideCommand;
  const context = { actor: person('anna') };
  const longAgoMs = gate.nowMs - 10 * 86_400_000;
  const elsewhere = await createCommandSigner({ ...gate.keys, audience: 'countersign:elsewhere' });
  const forger = await createCommandSigner(await createSigningKeys(gate.nowMs));
  const aged = await createCommandSigner(gate.keys);
  const evidence: [SignedCommand, string][] = [
    [await run.sign(command, context, elsewhere), 'consent_wrong_audience'],
    [await run.sign(command, context, forger), 'consent_untrusted_key'],
    [await run.sign(command, { ...context, nowMs: longAgoMs }, aged), 'consent_key_not_valid_then'],
  ];
  for (const [signed, code] of evidence) expect(await refused({ ...call, evidence: [signed] })).toBe(code);
  expect((await gate.refusals()).slice(-3)).toEqual(evidence.map(([, code]) => code));
});

test.each(['reject', 'respond', 'request_changes'] as const)('S4.2 of a decision to %s', async (decision) => {
  const call = await run.judged('refund', { amount: 5 }, index++);
  const words = await stored({ text: 'No.', result: 'No.' });
  const more = decision === 'respond' ? { responseRef: words } : { reasonRef: words };
  const signed = await run.consent(call, { decision, ...more });
  expect(await refused({ ...call, evidence: [signed] })).toBe('consent_not_given');
});

test.each(['rejected', 'answered', 'superseded', 'expired', 'withdrawn'] as const)(
  'B2 of a consent that came too late for an approval that was %s',
  async (status) => {
    const call = await run.judged('refund', { amount: 5 }, index++);
    const late = await run.consent(call);
    const id = approvalId(run.runId, call.toolCallId);
    const named = { approvalId: id, revision: 1 };
    const decided = {
      ...{ ...named, decisionId: 'd', decision: 'reject' as const, digest: call.digest, actor: person('ben') },
      ...{ channel: 'api' as const, signatureId: 's' },
    };
    if (status === 'expired') await run.tell({ type: 'approval.expired', at: gate.nowMs, data: named });
    else if (status === 'withdrawn') await run.tell({ type: 'approval.withdrawn', at: gate.nowMs, data: named });
    else await run.tell({ type: 'approval.decided', at: gate.nowMs, data: { ...decided, status } });
    expect(await refused({ ...call, evidence: [late] })).toBe(`approval_${status}`);
  },
);

test('B2 of a consent to a call that nobody was ever asked about', async () => {
  const call = await run.judged('refund', { amount: 5 }, index++, { isAsked: false });
  expect(await refused({ ...call, evidence: [await run.consent(call)] })).toBe('consent_for_another_call');
});
