import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { CommandedRun } from '../../src/contract/run-commands.ts';
import { BlockCommand, UnblockCommand } from '../../src/domain/schemas/command.ts';
import { readBlobs } from '../../src/store/blobs.ts';
import { readCommands } from '../../src/store/commands.ts';
import { readEvents } from '../../src/store/events.ts';
import { scope } from './api-world.ts';
import type { ApiWorld } from './api-world.ts';
import { createPaymentsWorld, obedientRun } from './obedient-run.ts';
import type { ObedientRun } from './obedient-run.ts';

let world: ApiWorld;
let operator: string;
let requester: string;
beforeAll(async () => {
  ({ world, operator, requester } = await createPaymentsWorld());
});
afterAll(() => world[Symbol.asyncDispose]());
beforeEach(() => {
  world.gateway.unavailable = undefined;
});

const post = <T = CommandedRun>(run: ObedientRun, action: string, body: object, headers = {}, key = operator) =>
  world.call<T>('POST', `/v1/runs/${run.runId}/${action}`, { key, body, headers });

const lastCommand = () => JSON.parse(world.gateway.commands.at(-1)?.command.bytes ?? '{}') as unknown;
const sent = () => world.gateway.commands.length;
const typesOf = async ({ runId }: ObedientRun) =>
  (await readEvents(world.store, scope, runId, { after: 0, limit: 500 })).map(({ type }) => type);
const textOf = async (ref: { sha256: string }) =>
  (await readBlobs(world.store, scope.tenant, [ref.sha256])).get(ref.sha256);

describe('S4.1 S4.5 block and unblock', () => {
  test('a run is parked with its reason, and goes on with a note; both are signed, recorded and told once', async () => {
    const run = await obedientRun(world);
    const blocked = await post(run, 'block', { reason: 'Wrong customer.' });
    expect([blocked.status, blocked.body.outcome, blocked.body.status]).toEqual([200, 'recorded', 'needs_attention']);
    expect(blocked.body.attentions).toEqual([
      expect.objectContaining({ code: 'blocked', reason: 'Wrong customer.', action: 'unblock', call: null }),
    ]);
    expect(blocked.body.actions).toContain('unblock');
    const block = BlockCommand.parse(lastCommand());
    expect(block.commandId).toBe(blocked.body.commandId);
    // Words are in the blob, never in the command.
    expect(world.gateway.commands.at(-1)?.command.bytes).not.toContain('customer');
    expect(await textOf(block.reasonRef)).toEqual({ text: 'Wrong customer.' });

    const unblocked = await post(run, 'unblock', { note: 'It was the right one.' });
    expect([unblocked.status, unblocked.body.outcome, unblocked.body.status]).toEqual([200, 'recorded', 'running']);
    expect(unblocked.body.attentions).toEqual([]);
    const { noteRef } = UnblockCommand.parse(lastCommand());
    expect(await textOf(noteRef)).toEqual({ text: 'It was the right one.', result: 'It was the right one.' });
    const types = await typesOf(run);
    expect(types.filter((type) => type === 'run.blocked' || type === 'run.unblocked')).toEqual([
      'run.blocked',
      'run.unblocked',
    ]);
    const recorded = await readCommands(world.store, scope, run.runId);
    expect(recorded.map(({ type, principal }) => [type, principal])).toEqual([
      ['block', 'otto'],
      ['unblock', 'otto'],
    ]);
    // The note reaches the model, the reason does not.
    expect(recorded.map(({ contributes }) => contributes)).toEqual([false, true]);
  });

  test('without a note the model is told that the run goes on', async () => {
    const run = await obedientRun(world);
    await post(run, 'block', { reason: 'Wait.' });
    expect((await post(run, 'unblock', {})).body.outcome).toBe('recorded');
    const { noteRef } = UnblockCommand.parse(lastCommand());
    expect(await textOf(noteRef)).toEqual({ text: expect.stringMatching(/\S/), result: expect.stringMatching(/\S/) });
  });

  test.each([
    ['no reason', {}],
    ['an empty reason', { reason: '' }],
    ['a blank reason', { reason: ' \n\t' }],
    ['too long a reason', { reason: 'x'.repeat(4_001) }],
    ['a number for a reason', { reason: 7 }],
    ['an unknown field', { reason: 'a', x: 1 }],
  ])('blocking with %s is 400 and changes nothing', async (_what, body) => {
    const run = await obedientRun(world);
    const before = sent();
    const { status } = await post(run, 'block', body);
    expect([status, sent(), (await run.get()).status]).toEqual([400, before, 'running']);
  });

  test('a run that nobody blocked is 409, one that is over 410, an unknown one 404', async () => {
    const run = await obedientRun(world);
    const idle = await post<{ code: string; runStatus: string }>(run, 'unblock', {});
    expect([idle.status, idle.body.code, idle.body.runStatus]).toEqual([409, 'not_blocked', 'running']);
    await run.does({ type: 'cancel', channel: 'temporal' });
    for (const action of ['block', 'unblock'] as const) {
      const over = await post<{ code: string }>(run, action, action === 'block' ? { reason: 'Late.' } : {});
      expect([over.status, over.body.code]).toEqual([410, 'run_over']);
    }
    const unknown = await post({ runId: `run_${'a'.repeat(26)}` } as ObedientRun, 'block', { reason: 'Who?' });
    expect(unknown.status).toBe(404);
  });

  test('S1.6 the same key and words are one command; other words under the key are 422', async () => {
    const run = await obedientRun(world);
    const headers = { 'idempotency-key': randomUUID() };
    const [one, two] = await Promise.all([
      post(run, 'block', { reason: 'Stop.' }, headers),
      post(run, 'block', { reason: 'Stop.' }, headers),
    ]);
    const again = await post(run, 'block', { reason: 'Stop.' }, headers);
    expect([one.status, two.status, again.status]).toEqual([200, 200, 200]);
    expect(new Set([one, two, again].map(({ body }) => body.commandId)).size).toBe(1);
    expect(again.body.outcome).toBe('already_recorded');
    expect((await typesOf(run)).filter((type) => type === 'run.blocked')).toHaveLength(1);
    const other = await post<{ code: string }>(run, 'block', { reason: 'Stop!' }, headers);
    expect([other.status, other.body.code]).toEqual([422, 'idempotency_mismatch']);
    const otherAction = await post<{ code: string }>(run, 'unblock', {}, headers);
    expect([otherAction.status, otherAction.body.code]).toEqual([422, 'idempotency_mismatch']);
  });

  test('a run that says no is heard: the command was overtaken', async () => {
    const run = await obedientRun(world);
    await post(run, 'block', { reason: 'Stop.' });
    const { onCommand } = world.gateway;
    world.gateway.onCommand = async (address, name, command) => {
      world.gateway.onCommand = onCommand;
      // Somebody else was quicker.
      await post(run, 'unblock', { note: 'First.' });
      return onCommand(address, name, command);
    };
    const late = await post<{ code: string }>(run, 'unblock', { note: 'Second.' });
    expect([late.status, late.body.code]).toEqual([409, 'not_blocked']);
  });

  test('no worker answers in time: 202, and the command is in the mailbox', async () => {
    const run = await obedientRun(world);
    const { onCommand } = world.gateway;
    world.gateway.onCommand = () => 'accepted';
    const pending = await post(run, 'block', { reason: 'Stop.' });
    world.gateway.onCommand = onCommand;
    expect([pending.status, pending.body.outcome, pending.body.status]).toEqual([202, 'pending', 'running']);
  });

  test('Temporal is down: 503, and the same key sends the command later', async () => {
    const run = await obedientRun(world);
    const headers = { 'idempotency-key': randomUUID() };
    world.gateway.unavailable = Object.assign(new Error('14 UNAVAILABLE'), { code: 14, details: '', metadata: {} });
    const down = await post<{ code: string }>(run, 'block', { reason: 'Stop.' }, headers);
    expect([down.status, down.body.code]).toEqual([503, 'temporal_unavailable']);
    world.gateway.unavailable = undefined;
    const up = await post(run, 'block', { reason: 'Stop.' }, headers);
    expect([up.status, up.body.outcome]).toEqual([200, 'recorded']);
  });
});

describe('S4.6 who may', () => {
  test('a requester blocks their own run, but does not say how it goes on', async () => {
    const own = await obedientRun(world, requester);
    expect((await post(own, 'block', { reason: 'Stop.' }, {}, requester)).status).toBe(200);
    const refused = await post<{ code: string }>(own, 'unblock', {}, {}, requester);
    expect([refused.status, refused.body.code]).toEqual([403, 'forbidden']);
    const others = await obedientRun(world);
    expect((await post(others, 'block', { reason: 'Stop.' }, {}, requester)).status).toBe(404);
  });

  test('a service may block; that a run goes on is a person’s to say', async () => {
    const { key } = await world.newKey({ principal: 'monitor', kind: 'service' });
    const run = await obedientRun(world);
    expect((await post(run, 'block', { reason: 'Anomaly.' }, {}, key)).status).toBe(200);
    for (const [action, body] of [
      ['unblock', {}],
      ['resolve', { toolCallId: 'call_1_0', resolution: 'retry', reason: 'Again.' }],
    ] as const) {
      const refused = await post<{ code: string }>(run, action, body, {}, key);
      expect([refused.status, refused.body.code]).toEqual([403, 'service_cannot_decide']);
    }
  });

  test.each(['approver', 'auditor'] as const)('an %s alone may neither block nor resolve', async (role) => {
    const { key } = await world.newKey({ principal: `only-${role}`, roles: [role] });
    const run = await obedientRun(world);
    expect((await post(run, 'block', { reason: 'Stop.' }, {}, key)).status).toBe(403);
    expect((await run.get()).status).toBe('running');
  });

  test('another tenant’s operator gets 404', async () => {
    const { key } = await world.newKey({ tenant: 'other', principal: 'otto', roles: ['operator'] });
    const run = await obedientRun(world);
    expect((await post(run, 'block', { reason: 'Stop.' }, {}, key)).status).toBe(404);
  });
});
