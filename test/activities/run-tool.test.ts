/**
 * The gate alone, against whoever can schedule steps straight through Temporal: each field of a dispatch swapped, each
 * signature forged or replayed. Nothing may run, and the refusal must say which kind it is.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MockActivityEnvironment } from '@temporalio/testing';
import { z } from 'zod';
import { recordingTool, testAgent } from '../../src/testing/index.ts';
import type { RunToolInput } from '../../src/domain/schemas/step.ts';
import type { DecideCommand, SignedCommand } from '../../src/domain/schemas/command.ts';
import { createCommandSigner } from '../../src/gateway/sign-command.ts';
import { createSigningKeys } from '../../src/platform/signing-keys.ts';
import { workflowId } from '../../src/domain/core/ids.ts';
import { readEvents } from '../../src/store/events.ts';
import { makeBlob, putBlobs, readBlobs } from '../../src/store/blobs.ts';
import { person } from '../support/core.ts';
import { openGate } from '../support/gate.ts';
import type { Gate, GateRun } from '../support/gate.ts';

const input = z.strictObject({ amount: z.number() });
const refund = recordingTool('refund', { input });
const safe = recordingTool('safe', { input, effect: 'idempotent' });
const denied = recordingTool('denied', { input });
const four = recordingTool('four_eyes', { input });
const agent = testAgent({
  script: [],
  tools: [refund, safe, denied, four],
  policy: [
    { id: 'small', match: 'safe', when: 'args.amount < 100', effect: 'allow' },
    { id: 'never', match: 'denied', effect: 'deny' },
    { id: 'pair', match: 'four_eyes', effect: 'ask', approvers: { notRequester: true, groups: ['finance'] } },
  ],
});

let gate: Gate;
let run: GateRun;
let calls: number;

beforeAll(async () => {
  gate = await openGate(agent);
  run = await gate.run();
});
afterAll(() => gate[Symbol.asyncDispose]());

const entered = () => [refund, safe, denied, four].reduce((sum, tool) => sum + tool.calls.length, 0);
const refusal = async (given: RunToolInput) => {
  calls = entered();
  const result = await gate.dispatch(given);
  expect(entered()).toBe(calls);
  return result.type === 'refused' ? `${result.code}/${result.then}` : result.type;
};
let index = 10;
const approved = async (change: Parameters<GateRun['consent']>[1] = {}, context = {}): Promise<RunToolInput> => {
  const judged = await run.judged('refund', { amount: 5 }, index++);
  return { ...judged, evidence: [await run.consent(judged, change, context)] };
};

describe('what is proven, runs', () => {
  test('B1 an approved call, with the frozen arguments that were digested', async () => {
    const call = await approved();
    expect(await gate.dispatch(call)).toMatchObject({ type: 'completed' });
    expect(refund.calls.at(-1)).toMatchObject({
      arguments: { amount: 5 },
      effectKey: expect.stringContaining(run.runId),
    });
    expect(Object.isFrozen(refund.calls.at(-1)?.arguments)).toBe(true);
  });

  test('a call that a rule allows over its arguments', async () => {
    expect(await gate.dispatch(await run.judged('safe', { amount: 99 }, 1))).toMatchObject({ type: 'completed' });
  });

  test('B3 the same dispatch again gives the stored result and no second effect', async () => {
    const call = await approved();
    const first = await gate.dispatch(call);
    calls = entered();
    expect(await gate.dispatch(call)).toEqual(first);
    expect(entered()).toBe(calls);
  });
});

describe('B1 a swapped field', () => {
  const swaps: [string, string, (call: RunToolInput) => Promise<RunToolInput> | RunToolInput][] = [
    ['digest', 'digest_mismatch/void_consent', (call) => ({ ...call, digest: `sha256:${'1'.repeat(64)}` })],
    ['revision', 'consent_for_another_call/void_consent', (call) => ({ ...call, revision: 2 })],
    ['call', 'consent_for_another_call/void_consent', (call) => ({ ...call, toolCallId: 'call_9_9' })],
    ['tool', 'digest_mismatch/void_consent', (call) => ({ ...call, tool: 'safe' })],
    ['unknown tool', 'unknown_tool/park', (call) => ({ ...call, tool: 'other' })],
    ['tool that policy denies', 'policy_denied/deny', (call) => ({ ...call, tool: 'denied' })],
    ['basis', 'not_allowed_by_rule/park', (call) => ({ ...call, basis: 'rule' })],
    ['evidence taken away', 'consent_missing/void_consent', (call) => ({ ...call, evidence: [] })],
    [
      'arguments, for others in the store',
      'digest_mismatch/void_consent',
      async (call) => {
        const blob = makeBlob({ amount: 1_000_000 });
        await putBlobs(gate.store, 'acme', [blob]);
        return { ...call, argumentsRef: blob.ref };
      },
    ],
    [
      'arguments that nobody stored',
      'content_missing/park',
      (call) => ({ ...call, argumentsRef: { sha256: 'f'.repeat(64), bytes: 2 } }),
    ],
    [
      'arguments that the tool would read otherwise',
      'arguments_changed/park',
      async (call) => {
        const blob = makeBlob({ amount: 5, extra: true });
        await putBlobs(gate.store, 'acme', [blob]);
        return { ...call, argumentsRef: blob.ref };
      },
    ],
    ['facts, for something else', 'content_missing/park', (call) => ({ ...call, factsRef: call.argumentsRef })],
  ];
  test.each(swaps)('%s: nothing runs', async (_, code, swap) => {
    expect(await refusal(await swap(await approved()))).toBe(code);
  });

  test('a rule that allows small amounts does not allow large ones', async () => {
    const judged = await run.judged('safe', { amount: 100 }, index++);
    expect(await refusal({ ...judged, basis: 'rule' })).toBe('not_allowed_by_rule/park');
  });
});

describe('B1 a decision', () => {
  const signedBy = async (change: object): Promise<RunToolInput> => approved(change);

  test.each([
    ['of another approval', { approvalId: `tool-approval:run_${'b'.repeat(26)}:call_1_0` }, 'consent_for_another_call'],
    ['of another revision', { revision: 2 }, 'consent_for_another_call'],
    ['of another digest', { digest: `sha256:${'2'.repeat(64)}` }, 'digest_mismatch'],
    ['that rejects', { decision: 'reject' }, 'consent_not_given'],
  ])('%s is no consent', async (_, change, code) => {
    expect(await refusal(await signedBy(change))).toBe(`${code}/void_consent`);
  });

  test('of another run is no consent', async () => {
    const other = await gate.run();
    const theirs = await other.judged('refund', { amount: 5 });
    const ours = await run.judged('refund', { amount: 5 }, index++);
    expect(await refusal({ ...ours, evidence: [await other.consent(theirs)] })).toBe('consent_wrong_run/void_consent');
  });

  test.each([
    [
      'altered after signing',
      (signed: SignedCommand) => ({ ...signed, bytes: signed.bytes.replace('approve', 'approvE') }),
    ],
    [
      'whose signature is another',
      (signed: SignedCommand) => ({
        ...signed,
        jws: `${signed.jws.slice(0, -2)}${signed.jws.endsWith('AA') ? 'BA' : 'AA'}`,
      }),
    ],
    ['that is nothing of the kind', () => ({ bytes: '{}', jws: 'x' })],
  ])('%s is no consent', async (_, forge) => {
    const call = await approved();
    expect(await refusal({ ...call, evidence: call.evidence.map(forge) })).toMatch(/^consent_\w+\/void_consent$/);
  });

  test('signed by a key that this deployment does not trust is no consent', async () => {
    const judged = await run.judged('refund', { amount: 5 }, index++);
    const forger = await createCommandSigner(await createSigningKeys(gate.nowMs));
    const good = JSON.parse((await run.consent(judged)).bytes) as DecideCommand;
    const forged = await run.sign(good, { actor: person('anna') }, forger);
    expect(await refusal({ ...judged, evidence: [forged] })).toBe('consent_untrusted_key/void_consent');
  });

  test('of a service, of the requester or of somebody outside the group is no consent', async () => {
    const judged = await run.judged('four_eyes', { amount: 5 }, index++);
    const given = async (actor: ReturnType<typeof person> | { kind: 'service' }) => ({
      ...judged,
      evidence: [await run.consent(judged, {}, { actor: { ...person('anna', ['finance']), ...actor } })],
    });
    expect(await refusal(await given({ kind: 'service' }))).toBe('consent_service_cannot_decide/void_consent');
    expect(await refusal(await given(person('rita', ['finance'])))).toBe('consent_self_approval/void_consent');
    expect(await refusal(await given(person('anna')))).toBe('consent_not_an_approver/void_consent');
    expect(await gate.dispatch(await given(person('anna', ['finance'])))).toMatchObject({ type: 'completed' });
  });

  test('B8 that is older than its time to execute is void', async () => {
    const call = await approved();
    gate.nowMs += 3_600_000;
    expect(await refusal(call)).toBe('execution_expired/deny');
  });
});

describe('a run', () => {
  test('that the bridge never started fails the step for good', async () => {
    const judged = await run.judged('refund', { amount: 5 }, index++);
    const stranger = `run_${'c'.repeat(26)}`;
    await expect(
      gate.dispatch({ ...judged, run: { ...judged.run, runId: stranger, rootRunId: stranger } }),
    ).rejects.toMatchObject({
      type: 'unknown_run',
      nonRetryable: true,
    });
  });

  test('of another tenant cannot be named', async () => {
    const judged = await run.judged('refund', { amount: 5 }, index++);
    await expect(gate.dispatch({ ...judged, run: { ...judged.run, tenant: 'other' } })).rejects.toMatchObject({
      type: 'unknown_run',
    });
  });

  test('that another workflow asks for gets nothing stored', async () => {
    const call = await approved();
    await expect(gate.dispatch(call, { caller: 'acme/web/other' })).rejects.toMatchObject({ type: 'foreign_caller' });
    expect(await gate.dispatch(call)).toMatchObject({ type: 'completed' });
  });

  test('S3.1 of a run that a process drives, and that a workflow asks for, gets nothing stored', async () => {
    const allow = { id: 'all', match: '*', effect: 'allow' } as const;
    const classic = testAgent({ script: [], tools: [safe], policy: [allow], execution: 'classic' });
    await using other = await openGate(classic);
    const quick = await other.run({ drivenBy: 'a-process' });
    const call = await quick.judged('safe', { amount: 5 });
    const forged = [{ ordinal: 1, event: { type: 'run.failed', at: 1, data: { code: 'x', detail: 'x' } } }] as const;
    const { flush, readOutcome } = other.activities();
    const asWorkflow = () =>
      new MockActivityEnvironment({ workflowExecution: { workflowId: workflowId(call.run), runId: 'any' } });
    calls = entered();
    for (const ask of [
      () => other.dispatch(call),
      () => asWorkflow().run(flush, { run: call.run, events: forged }),
      () => asWorkflow().run(readOutcome, { ...call, events: forged }),
    ])
      await expect(ask()).rejects.toMatchObject({ type: 'foreign_caller' });
    expect(entered()).toBe(calls);
    expect(await other.refusals()).toEqual(['foreign_caller', 'foreign_caller', 'foreign_caller']);
    expect(await readEvents(other.store, call.run, quick.runId, { after: 0, limit: 10 })).toEqual([]);
  });

  test('whose start command was altered in the store fails the step for good', async () => {
    const other = await gate.run();
    const judged = await other.judged('refund', { amount: 5 });
    await gate.store.pool.query(
      `UPDATE runs SET start_bytes = replace(start_bytes, 'rita', 'anna') WHERE run_id = $1`,
      [other.runId],
    );
    await expect(gate.dispatch(judged)).rejects.toMatchObject({ type: 'start_not_attested' });
  });

  test('B17 whose tool has drifted parks, with both versions named', async () => {
    const call = await approved();
    const changed = recordingTool('refund', {
      input: z.strictObject({ amount: z.number(), note: z.string().optional() }),
    });
    const result = await gate.dispatch(call, { agents: [testAgent({ script: [], tools: [changed] })] });
    expect(result).toMatchObject({ type: 'refused', code: 'tool_drifted', then: 'park' });
    expect(result.type === 'refused' && result.message).toMatch(/sha256:[0-9a-f]{64}.*sha256:[0-9a-f]{64}/);
    const detail = result.type === 'refused' ? (result.detailRef?.sha256 ?? '') : '';
    const both = (await readBlobs(gate.store, 'acme', [detail])).get(detail);
    const properties = { amount: { type: 'number' } };
    expect(both).toMatchObject({
      pinned: { name: 'refund', inputSchema: { properties } },
      current: { name: 'refund', inputSchema: { properties: { ...properties, note: { type: 'string' } } } },
    });
    expect(changed.calls).toEqual([]);
  });
});
