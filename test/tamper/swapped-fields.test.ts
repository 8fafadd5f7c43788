/**
 * Between decision and dispatch, somebody who can reach Temporal or the store swaps whatever they like: nothing runs but
 * what was approved, the refusal has a code, it is in the audit log, and the call itself still runs afterwards.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { recordingTool, testAgent } from '../../src/testing/index.ts';
import { canonicalJson } from '../../src/domain/arguments/canonical-json.ts';
import type { JsonValue } from '../../src/domain/arguments/json-value.ts';
import type { SignedCommand } from '../../src/domain/schemas/command.ts';
import type { RunToolInput } from '../../src/domain/schemas/step.ts';
import { makeBlob, putBlobs } from '../../src/store/blobs.ts';
import { person } from '../support/core.ts';
import { openGate } from '../support/gate.ts';
import type { Gate, GateRun } from '../support/gate.ts';

const input = z.strictObject({ amount: z.number(), to: z.string() });
const refund = recordingTool('refund', { input });
const other = recordingTool('other', { input });
const free = recordingTool('free', { input, effect: 'idempotent' });
const tools = [refund, other, free];
const agent = testAgent({
  script: [],
  tools,
  policy: [
    { id: 'some', match: 'free', when: 'args.amount < 10.0', effect: 'allow' },
    { id: 'two', match: 'refund', effect: 'ask', approvers: { approvals: 2 } },
  ],
});

let gate: Gate;
let run: GateRun;
let stranger: GateRun;
let strangersCall: RunToolInput;
let index = 0;
const args = { amount: 5, to: 'anna' };

beforeAll(async () => {
  gate = await openGate(agent);
  [run, stranger] = await Promise.all([gate.run(), gate.run({ requester: 'sam' })]);
  const judged = await stranger.judged('refund', args, 0);
  strangersCall = { ...judged, evidence: await votesOf(stranger, judged) };
});
afterAll(() => gate[Symbol.asyncDispose]());

const votesOf = (of: GateRun, call: RunToolInput): Promise<SignedCommand[]> =>
  Promise.all(['ann', 'ben'].map((name) => of.consent(call, {}, { actor: person(name) })));
const approved = async (): Promise<RunToolInput> => {
  const call = await run.judged('refund', args, index++);
  return { ...call, evidence: await votesOf(run, call) };
};
const stored = async (value: JsonValue) => {
  const blob = makeBlob(value);
  await putBlobs(gate.store, 'acme', [blob]);
  return blob.ref;
};

type Swap = (call: RunToolInput) => Promise<RunToolInput> | RunToolInput;
const digest = fc.stringMatching(/^[0-9a-f]{64}$/).map((hex) => `sha256:${hex}`);
const otherArguments = fc
  .record({ amount: fc.double({ noNaN: true, noDefaultInfinity: true }), to: fc.string({ maxLength: 20 }) })
  .filter((value) => canonicalJson({ ...value }) !== canonicalJson(args));

/** Each gives a dispatch that differs from the approved one in something that consent is about. */
const swaps: Record<string, fc.Arbitrary<Swap>> = {
  'the arguments': otherArguments.map((value) => async (call) => ({ ...call, argumentsRef: await stored(value) })),
  'the arguments and their digest': otherArguments.map((value) => async (call) => ({
    ...call,
    argumentsRef: await stored(value),
    digest: run.digestOf(call, value).digest,
  })),
  'arguments that are no object': fc
    .constantFrom<JsonValue>(null, [], 'refund', 7, { amount: 5 }, { ...args, more: 1 })
    .map((value) => async (call) => ({ ...call, argumentsRef: await stored(value) })),
  'the digest': digest.map((value) => (call) => ({ ...call, digest: value })),
  'the tool': fc.constantFrom('other', 'free', 'none', '__proto__').map((tool) => (call) => ({ ...call, tool })),
  'the revision': fc.integer({ min: 2, max: 1_000 }).map((revision) => (call) => ({ ...call, revision })),
  'the call': fc.integer({ min: 5_000, max: 9_000 }).map((id) => (call) => ({ ...call, toolCallId: `call_1_${id}` })),
  'the basis': fc
    .constantFrom('rule' as const, 'grant' as const, 'expiry' as const)
    .map((basis) => (call) => ({ ...call, basis, grantId: 'grant_1' })),
  'the run': fc.constant((call: RunToolInput) => ({ ...call, run: strangersCall.run })),
  'the run, keeping its own consent': fc.constant((call: RunToolInput) => ({
    ...strangersCall,
    evidence: call.evidence,
  })),
  "the consent, for another run's": fc.constant((call: RunToolInput) => ({
    ...call,
    evidence: strangersCall.evidence,
  })),
  'the votes, for one given twice': fc.nat(1).map((which) => (call) => {
    const vote = call.evidence[which];
    return { ...call, evidence: vote ? [vote, vote] : [] };
  }),
  'the votes, for fewer': fc
    .nat(1)
    .map((kept) => (call) => ({ ...call, evidence: call.evidence.slice(kept, kept + 1) })),
  'a character of a signed command': fc
    .record({ which: fc.nat(1), at: fc.nat(250), by: fc.constantFrom('0', 'x', ' ') })
    .map(({ which, at, by }) => (call) => ({
      ...call,
      evidence: call.evidence.map((one, place) =>
        place === which && one.bytes[at] !== by
          ? { ...one, bytes: one.bytes.slice(0, at) + by + one.bytes.slice(at + 1) }
          : place === which
            ? { ...one, bytes: `${one.bytes} ` }
            : one,
      ),
    })),
  'a character of a signature': fc.record({ which: fc.nat(1), at: fc.nat(600) }).map(({ which, at }) => (call) => ({
    ...call,
    evidence: call.evidence.map((one, place) => {
      const cut = at % one.jws.length;
      const by = one.jws[cut] === 'A' ? 'B' : 'A';
      return place === which ? { ...one, jws: one.jws.slice(0, cut) + by + one.jws.slice(cut + 1) } : one;
    }),
  })),
};

/** The typed refusal, however it comes. */
const refusalOf = async (call: RunToolInput): Promise<string> => {
  try {
    const result = await gate.dispatch(call);
    return result.type === 'refused' ? result.code : result.type;
  } catch (error) {
    const { type, nonRetryable } = error as { type?: string; nonRetryable?: boolean };
    return nonRetryable && type ? type : `retried: ${String(error)}`;
  }
};
const entered = () => tools.reduce((sum, tool) => sum + tool.calls.length, 0);

test.each(Object.entries(swaps))('S4.1 B1 %s: nothing runs, and nobody is locked out', async (_name, arbitrary) => {
  await fc.assert(
    fc.asyncProperty(arbitrary, async (swap) => {
      const call = await approved();
      const before = entered();
      const told = (await gate.refusals()).length;
      const code = await refusalOf(await swap(call));
      expect(code).toMatch(/^(?!retried|completed|failed|outcome)[a-z_]+$/);
      expect(entered()).toBe(before);
      // Unreadable arguments can come of a broken disk as well: nobody has forged anything.
      if (!['arguments_changed', 'content_missing'].includes(code))
        expect((await gate.refusals()).slice(told)).toEqual([code]);
      expect(await gate.dispatch(call)).toMatchObject({ type: 'completed' });
      expect(refund.calls.at(-1)?.arguments).toEqual(args);
    }),
    { numRuns: 12 },
  );
});

test('S4.1 a call that policy allows is not let run with facts or arguments that policy does not allow', async () => {
  const allowed = await run.judged('free', args, index++);
  const large = await stored({ amount: 1_000_000, to: 'anna' });
  const before = entered();
  expect(await refusalOf({ ...allowed, argumentsRef: large })).toBe('not_allowed_by_rule');
  expect(
    await refusalOf({
      ...allowed,
      argumentsRef: large,
      digest: run.digestOf(allowed, { amount: 1_000_000, to: 'anna' }).digest,
    }),
  ).toBe('not_allowed_by_rule');
  expect(entered()).toBe(before);
  expect(await gate.dispatch(allowed)).toMatchObject({ type: 'completed' });
});

test('S4.1 a requester or a definition swapped in the store stops every dispatch of that run, and of no other', async () => {
  const victim = await gate.run();
  const call = await victim.judged('refund', args, 0);
  const ready = { ...call, evidence: await votesOf(victim, call) };
  await gate.store.pool.query(`UPDATE runs SET start_bytes = replace(start_bytes, 'rita', 'mona') WHERE run_id = $1`, [
    victim.runId,
  ]);
  const before = entered();
  expect(await refusalOf(ready)).toBe('start_not_attested');
  expect((await gate.refusals()).at(-1)).toBe('start_not_attested');
  expect(entered()).toBe(before);
  expect(await gate.dispatch(await approved())).toMatchObject({ type: 'completed' });
});

test('S4.1 a definition that was altered in the store lets nothing run', async () => {
  const own = await openGate(agent);
  try {
    const victim = await own.run();
    const call = await victim.judged('refund', args, 0);
    const ready = { ...call, evidence: await votesOf(victim, call) };
    await own.store.pool.query(
      `UPDATE definitions SET body = convert_to(replace(convert_from(body, 'UTF8'), '"approvals":2', '"approvals":1'), 'UTF8')`,
    );
    own.store.definitionCache.clear();
    const before = entered();
    await expect(own.dispatch({ ...ready, evidence: ready.evidence.slice(0, 1) })).rejects.toMatchObject({
      type: 'definition_altered',
      nonRetryable: true,
    });
    expect(entered()).toBe(before);
    expect(await own.refusals()).toEqual(['definition_altered']);
  } finally {
    await own[Symbol.asyncDispose]();
  }
});
