/** What stands between consent and effect: brakes, grants, silence, orders to try again, attempts that report late. */
import { setImmediate as tick } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { recordingTool, testAgent } from '../../src/testing/index.ts';
import { ToolError } from '../../src/adapters/tools/tool.ts';
import type { ToolContext } from '../../src/adapters/tools/tool.ts';
import type { JsonValue } from '../../src/domain/arguments/json-value.ts';
import { approvalId, effectKey } from '../../src/domain/core/ids.ts';
import type { ResolveCommand } from '../../src/domain/schemas/command.ts';
import type { RunToolInput } from '../../src/domain/schemas/step.ts';
import { makeBlob, putBlobs, readBlobs } from '../../src/store/blobs.ts';
import { addBypass, releaseBrake, setBrake } from '../../src/store/brakes.ts';
import { readEvents } from '../../src/store/events.ts';
import { person } from '../support/core.ts';
import { openGate } from '../support/gate.ts';
import type { Gate, GateRun } from '../support/gate.ts';
import { TOLD } from '../support/told.ts';

const input = z.strictObject({ amount: z.number() });
/** Calls of `slow` end when the test says so. */
let finish: ((result: JsonValue) => void)[] = [];
const slowly = () => new Promise<JsonValue>((resolve) => finish.push(resolve));
let seen: JsonValue | undefined;
const once = recordingTool('once', { input });
const slow = recordingTool('slow', { input, run: slowly });
const quiet = recordingTool('quiet', { input, effect: 'idempotent' });
const hushed = recordingTool('hushed', { input });
const reader = recordingTool('reader', {
  input,
  run: async (_, { state }: ToolContext) => {
    seen = state;
    if (!Object.isFrozen(state)) throw new ToolError('not_frozen', 'The state can be changed.');
    return null;
  },
});
const tools = [once, slow, quiet, hushed, reader];
const agent = testAgent({
  script: [],
  tools,
  policy: [{ id: 'state', match: 'reader', effect: 'ask', stateEditable: ['*'] }],
});
const deployment = [
  { id: 'silence', match: 'quiet', effect: 'ask' as const, decideWithin: '1h', onExpire: 'allow' as const },
  { id: 'no-silence', match: 'hushed', effect: 'ask' as const, decideWithin: '1h', onExpire: 'allow' as const },
];

let gate: Gate;
let run: GateRun;
beforeAll(async () => {
  gate = await openGate(agent, deployment);
  run = await gate.run();
});
afterAll(() => gate[Symbol.asyncDispose]());

const entered = () => tools.reduce((sum, tool) => sum + tool.calls.length, 0);
const outcome = async (call: RunToolInput): Promise<string> => {
  const result = await gate.dispatch(call);
  return result.type === 'refused' ? `${result.code}/${result.then}` : result.type;
};
let index = 0;
const approved = async (tool: string, from: GateRun = run): Promise<RunToolInput> => {
  const judged = await from.judged(tool, { amount: 5 }, index++);
  return { ...judged, evidence: [await from.consent(judged)] };
};
const eventsOf = async (from: GateRun = run) =>
  readEvents(gate.store, from.start, from.runId, { after: 0, limit: 1_000 });
const told = async (type: string, call: RunToolInput) =>
  (await eventsOf()).filter((event) => event.type === type && event.data['toolCallId'] === call.toolCallId);
const until = async (what: () => boolean) => {
  for (const deadline = Date.now() + 10_000; !what();) {
    if (Date.now() > deadline) throw new Error('It did not come to that.');
    await tick();
  }
};

describe('S4.4 a brake', () => {
  const brake = { tenant: 'acme', project: null, agent: null, reason: 'Stop.', createdBy: 'olga', createdAt: 1 };
  const off = { releasedAt: null, releasedBy: null };

  test('keeps a call back until it is released, and that is told once', async () => {
    await setBrake(gate.store, { ...brake, ...off, brakeId: 'brake_1', tool: 'once' }, TOLD);
    const call = await approved('once');
    const before = entered();
    for (let attempt = 0; attempt < 3; attempt++)
      await expect(gate.dispatch(call)).rejects.toMatchObject({
        type: 'braked',
        nonRetryable: false,
        nextRetryDelay: 2_000,
      });
    expect(entered()).toBe(before);
    expect(await told('tool.held', call)).toMatchObject([{ data: { brakeId: 'brake_1', code: 'braked' } }]);
    await releaseBrake(gate.store, 'acme', 'brake_1', { principal: 'olga', nowMs: gate.nowMs }, TOLD);
    expect(await outcome(call)).toBe('completed');
    expect(entered()).toBe(before + 1);
  });

  test('that is bypassed lets calls through, and each is told', async () => {
    await setBrake(gate.store, { ...brake, ...off, brakeId: 'brake_2', tool: null }, TOLD);
    const bypass = { project: null, agent: null, tool: 'once', runId: null, reason: 'Now.', createdBy: 'olga' };
    const untilMs = gate.nowMs + 60_000;
    await addBypass(
      gate.store,
      {
        ...{ tenant: 'acme', bypassId: 'bypass_1', brakeId: 'brake_2', until: untilMs, createdAt: 1, endedAt: null },
        ...bypass,
      },
      TOLD,
    );
    const call = await approved('once');
    expect(await outcome(call)).toBe('completed');
    expect(await told('brake.bypassed', call)).toMatchObject([{ data: { brakeId: 'brake_2', bypassId: 'bypass_1' } }]);
    gate.nowMs = untilMs;
    await expect(gate.dispatch(await approved('once'))).rejects.toMatchObject({ type: 'braked' });
    await releaseBrake(gate.store, 'acme', 'brake_2', { principal: 'olga', nowMs: gate.nowMs }, TOLD);
  });
});

describe('S3.7 silence', () => {
  const silent = async (tool: string, approval = {}): Promise<RunToolInput> => ({
    ...(await run.judged(tool, { amount: 5 }, index++, { approval })),
    basis: 'expiry',
  });

  test('lets run what the deployment says, once the time is over', async () => {
    const call = await silent('quiet');
    expect(await outcome(call)).toBe('not_expired/park');
    gate.nowMs += 3_600_000;
    expect(await outcome(call)).toBe('completed');
  });

  test('counts the time that policy gives, whatever the row says', async () => {
    const call = await silent('quiet', { decideBy: gate.nowMs - 1 });
    expect(await outcome(call)).toBe('not_expired/park');
  });

  test('lets nothing run that may happen once only, that was decided, or that nobody was asked about', async () => {
    const [hush, plain, decided] = await Promise.all([silent('hushed'), silent('once'), silent('quiet')]);
    const unasked = {
      ...(await run.judged('quiet', { amount: 5 }, index++, { isAsked: false })),
      basis: 'expiry' as const,
    };
    if (!hush || !plain || !decided) throw new Error('Three calls are needed.');
    await run.tell({
      type: 'approval.decided',
      at: gate.nowMs,
      data: {
        ...{ approvalId: approvalId(run.runId, decided.toolCallId), revision: 1, decisionId: 'd', decision: 'reject' },
        ...{ status: 'rejected', digest: decided.digest, actor: person('anna'), channel: 'api', signatureId: 's' },
      },
    });
    gate.nowMs += 3_600_000;
    expect(await outcome(hush)).toBe('not_allowed_by_expiry/park');
    expect(await outcome(plain)).toBe('not_allowed_by_expiry/park');
    expect(await outcome(decided)).toBe('approval_decided/park');
    expect(await outcome(unasked)).toBe('approval_missing/park');
  });
});

describe('B3 an attempt that was lost', () => {
  const lost = async () => {
    const call = await approved('slow');
    const before = entered();
    const first = gate.dispatch(call);
    await until(() => entered() === before + 1);
    // Another attempt, as after a worker's death: nobody knows what the first one does.
    expect(await gate.dispatch(call)).toEqual({ type: 'outcome_unknown', epoch: 1 });
    expect(entered()).toBe(before + 1);
    return { call, first, before };
  };
  const ordered = async (call: RunToolInput, change: Partial<ResolveCommand> = {}): Promise<RunToolInput> => {
    const reason = makeBlob({ text: 'It did not arrive.' });
    await putBlobs(gate.store, 'acme', [reason]);
    const order: ResolveCommand = {
      ...{ type: 'resolve', runId: run.runId, commandId: `c_${index++}`, toolCallId: call.toolCallId },
      ...{ effectKey: effectKey(run.runId, call.toolCallId, 1), digest: call.digest, epoch: 1 },
      ...{ resolution: 'retry', reasonRef: reason.ref },
      ...change,
    };
    return { ...call, retry: await run.sign(order) };
  };

  test('is tried again on an operator’s order for just that attempt, and what it says later changes nothing', async () => {
    const { call, first, before } = await lost();
    const wrong: [Partial<ResolveCommand>, string][] = [
      [{ resolution: 'fail' }, 'retry_not_ordered/park'],
      [{ toolCallId: 'call_1_999' }, 'retry_of_another_attempt/park'],
      [{ digest: `sha256:${'4'.repeat(64)}` }, 'retry_of_another_attempt/park'],
      [{ effectKey: 'another' }, 'retry_of_another_attempt/park'],
      [{ epoch: 0 }, 'retry_of_another_attempt/park'],
    ];
    for (const [change, code] of wrong) expect(await outcome(await ordered(call, change))).toBe(code);
    expect(await outcome(await ordered(call, { epoch: 2 }))).toBe('outcome_unknown');
    const order = await ordered(call);
    const forged = { bytes: order.retry?.bytes.replace('"epoch":1', '"epoch":2') ?? '', jws: order.retry?.jws ?? '' };
    expect(await outcome({ ...order, retry: forged })).toBe('retry_altered_command/park');
    expect(entered()).toBe(before + 1);

    const second = gate.dispatch(order);
    await until(() => entered() === before + 2);
    // The same order is none for the attempt that it has led to.
    expect(await gate.dispatch(order)).toEqual({ type: 'outcome_unknown', epoch: 2 });
    const [endFirst, endSecond] = finish;
    finish = [];
    endSecond?.('second');
    expect(await second).toMatchObject({ type: 'completed' });
    endFirst?.('first');
    expect(await first).toEqual(await second);
    expect(await told('effect.late', call)).toMatchObject([{ data: { epoch: 1, outcome: 'completed' } }]);
  });

  test('counts when it reports before anybody has said anything, though consent has run out since', async () => {
    const { call, first, before } = await lost();
    gate.nowMs += 7_200_000;
    expect(await outcome(call)).toBe('outcome_unknown');
    expect(await outcome(await ordered(call))).toBe('execution_expired/deny');
    for (const end of finish) end('late');
    finish = [];
    const reported = await first;
    expect(reported).toMatchObject({ type: 'completed' });
    expect(await gate.dispatch(call)).toEqual(reported);
    expect(entered()).toBe(before + 1);
  });
});

describe('S1.9 the state of the run', () => {
  test('is what it was started with, and what winning decisions have set since, in their order', async () => {
    const other = await gate.run({ state: { tier: 'free', items: [1] } });
    const decide = async (
      edits: { path: string; value: JsonValue }[],
      status: 'approved' | 'rejected' = 'approved',
    ) => {
      const call = await other.judged('reader', { amount: 5 }, index++);
      const blob = makeBlob(edits);
      await putBlobs(gate.store, 'acme', [blob]);
      const event = {
        type: 'approval.decided' as const,
        at: gate.nowMs,
        data: {
          ...{ approvalId: approvalId(other.runId, call.toolCallId), revision: 1, decisionId: `d${index}`, status },
          ...{ decision: 'approve' as const, digest: call.digest, actor: person('anna'), channel: 'api' as const },
          ...{ signatureId: 's', stateEditsRef: blob.ref, statePaths: edits.map(({ path }) => path) },
        },
      };
      return { call: { ...call, evidence: [await other.consent(call)] }, event };
    };
    const first = await decide([{ path: 'tier', value: 'gold' }]);
    await other.tell(first.event);
    expect(await outcome(first.call)).toBe('completed');
    expect(seen).toEqual({ tier: 'gold', items: [1] });
    // This decision rides along with the call that it lets go.
    const second = await decide([{ path: 'items.0', value: 2 }]);
    const ordinal = (await eventsOf(other)).length + 1;
    expect(await outcome({ ...second.call, events: [{ ordinal, event: second.event }] })).toBe('completed');
    expect(seen).toEqual({ tier: 'gold', items: [2] });
  });

  test('is empty where a run has none', async () => {
    expect(await outcome(await approved('reader'))).toBe('completed');
    expect(seen).toEqual({});
  });
});

test('B17 a blob that shows a drifted tool is readable by whoever looks at the parked call', async () => {
  const call = await approved('once');
  const result = await gate.dispatch(call, { agents: [testAgent({ script: [], tools: [slow] })] });
  const sha256 = result.type === 'refused' ? (result.detailRef?.sha256 ?? '') : '';
  expect((await readBlobs(gate.store, 'acme', [sha256])).get(sha256)).toMatchObject({
    pinned: { name: 'once' },
    current: null,
  });
});
