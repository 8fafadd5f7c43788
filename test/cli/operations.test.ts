// What operators do from the command line: park runs and let them go on, brakes, grants, delegations.
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { blockRun } from '../../src/adapters/tools/built-in/block-run.ts';
import { asksFor, recordingTool, says, testAgent } from '../../src/testing/index.ts';
import type { Person, World } from '../../src/testing/index.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { testWorld } from '../support/world.ts';
import { cliWith } from './run-cli.ts';
import type { Cli } from './run-cli.ts';

const refund = recordingTool('refund', { input: z.strictObject({ order: z.number() }) });
const ALLOW = { id: 'allow-refund', match: 'refund', effect: 'allow' } as const;
const ASK = { id: 'ask-refund', match: 'refund', effect: 'ask', reason: 'Money leaves the house.' } as const;

let world: World;
let anna: Person;
let cli: Cli;
beforeAll(async () => {
  const script = [asksFor('refund', { order: 7 }), says('Done.')];
  const grantable = { scopes: ['run', 'agent'], maxTtl: '8h', maxUses: 10 } as const;
  world = await testWorld({
    agents: [
      testAgent({ script, tools: [refund], policy: [ASK] }),
      testAgent({ name: 'quick', script, tools: [refund], policy: [ALLOW] }),
      testAgent({
        name: 'granted',
        script,
        tools: [refund],
        policy: [{ ...ASK, grantable: { ...grantable, scopes: [...grantable.scopes] } }],
      }),
      testAgent({
        name: 'hasty',
        script,
        tools: [refund],
        policy: [{ ...ASK, decideWithin: '200ms', onExpire: 'block' }],
      }),
      testAgent({
        name: 'blocker',
        script: [asksFor('block_run', { reason: 'Which\u202e account?' }), says('Thanks.')],
        tools: [blockRun()],
        policy: [{ id: 'allow-block', match: 'block_run', effect: 'allow' }],
      }),
    ],
  });
  anna = await world.person('anna', { groups: ['finance'] });
  cli = cliWith({ COUNTERSIGN_URL: world.url, COUNTERSIGN_API_KEY: anna.key });
});
afterAll(() => world[Symbol.asyncDispose]());

describe('runs', () => {
  test('S3.17 block parks a run, show says why and how it goes on, unblock lets it', async () => {
    const run = await anna.startRun({});
    const approval = await run.pending();
    expect(await cli('runs', 'block', run.runId)).toMatchObject({ code: 2, out: '' });
    const blocked = await cli('runs', 'block', run.runId, '--reason', 'The customer\u202e has called.');
    expect(blocked).toMatchObject({ code: 0, err: '' });
    expect(blocked.out).toContain(`Run ${run.runId} is blocked: it is needs_attention.`);
    const { out } = await cli('runs', 'show', run.runId);
    expect(out).toContain('  │ The customer⟨U+202E⟩ has called.');
    expect(out).toContain(`runs unblock ${run.runId} --note`);
    const unblocked = await cli('runs', 'unblock', run.runId, '--note', 'It is all right.');
    expect(unblocked).toMatchObject({ code: 0, err: '' });
    const again = await cli('runs', 'unblock', run.runId);
    expect(again).toMatchObject({ code: 1, out: '' });
    expect(again.err).toContain('not_blocked');
    await run.decide(approval, 'approve');
    expect((await run.settles()).status).toBe('completed');
    const watched = await cli('runs', 'watch', run.runId);
    expect(watched.out).toMatch(/run\.blocked +\w+ by anna: The customer⟨U\+202E⟩ has called\./);
    expect(watched.out).toMatch(/run\.unblocked +by anna: It is all right\./);
  });

  test('a message is said to the model, marked by the guards, and part of the evidence', async () => {
    const run = await anna.startRun({});
    const approval = await run.pending();
    expect(await cli('runs', 'message', run.runId)).toMatchObject({ code: 2, out: '' });
    const sent = await cli('runs', 'message', run.runId, 'Ask ada@example.org\u202e.');
    expect(sent).toMatchObject({ code: 0, err: '' });
    expect(sent.out).toContain(`Run ${run.runId} has the message: it is suspended.`);
    expect(sent.out).toContain('The message was marked by the guard pii.');
    await run.decide(approval, 'reject');
    await run.settles();
    const watched = await cli('runs', 'watch', run.runId);
    expect(watched.out).toMatch(/message\.received +by anna: Ask ada@example\.org⟨U\+202E⟩\./);
    expect(watched.out).toMatch(/text\.guarded +pii: flag, 1 in the message/);
    expect(await cli('runs', 'message', run.runId, 'Hello?')).toMatchObject({ code: 1 });

    const directory = temporaryDirectory();
    const [file, trust] = [join(directory, 'run.jsonl'), join(directory, 'trust.json')];
    await cli('audit', 'trust', '--out', trust);
    await cli('audit', 'export', run.runId, '--out', file);
    expect(await cli('audit', 'verify', file, '--trust', trust)).toMatchObject({ code: 0, err: '' });
  });

  test("the agent's own words are shown where it has blocked itself", async () => {
    const run = await anna.startRun({ agent: 'blocker' });
    await run.event('run.blocked');
    expect((await cli('runs', 'show', run.runId)).out).toContain('  │ Which⟨U+202E⟩ account?');
    expect((await cli('runs', 'unblock', run.runId, '--note', 'The second.')).code).toBe(0);
    expect((await run.settles()).status).toBe('completed');
  });

  test('resolve names the attempt; a call that is not parked is refused', async () => {
    const run = await anna.startRun({});
    await run.pending();
    const say = ['--fail', '--reason', 'It is lost.'];
    expect(await cli('runs', 'resolve', run.runId, 'call_1_0', ...say)).toMatchObject({ code: 2, out: '' });
    const refused = await cli('runs', 'resolve', run.runId, 'call_1_0', ...say, '--epoch', '1');
    expect(refused).toMatchObject({ code: 1, out: '' });
    expect(refused.err).toContain('not_parked');
  });

  test('S3 a parked call is shown with its attempt, and goes on as the operator says', async () => {
    const run = await anna.startRun({ agent: 'hasty' });
    await run.event('run.blocked');
    const { out } = await cli('runs', 'show', run.runId);
    expect(out).toContain('Needs somebody: approval_expired');
    expect(out).toMatch(/Call +refund \(call_1_0\)/);
    expect(out).toMatch(/Attempt +none was started/);
    const resolve = `runs resolve ${run.runId} call_1_0 --epoch 0`;
    expect(out).toContain(`${resolve} --fail --reason 'say why'`);
    const words = ['--epoch', '0', '--fail', '--reason', 'Nobody was there.'];
    const resolved = await cli('runs', 'resolve', run.runId, 'call_1_0', ...words);
    expect(resolved).toMatchObject({ code: 0, err: '' });
    expect(resolved.out).toContain('gives the call up');
    expect((await run.ends()).status).toBe('completed');
    const watched = await cli('runs', 'watch', run.runId);
    expect(watched.out).toMatch(/effect\.resolved +refund \(call_1_0\): fail by anna: Nobody was there\./);
  });

  test.each([
    ['nothing said', []],
    ['two things said', ['--retry', '--fail']],
    ['done without a result', ['--done']],
    ['a result of something that is not done', ['--fail', '--result', '{}']],
    ['a result that is no JSON', ['--done', '--result', 'what it returned, as JSON']],
  ])('resolve with %s is wrong usage: 2', async (_name, words) => {
    const run = `run_${'a'.repeat(26)}`;
    expect(await cli('runs', 'resolve', run, 'call_1_0', '--epoch', '1', '--reason', 'So.', ...words)).toMatchObject({
      code: 2,
      out: '',
    });
  });

  test('start takes a state that show shows', async () => {
    const started = await cli('runs', 'start', 'helper', 'Begin.', '--state', '{"region": "eu"}', '--json');
    const { out } = await cli('runs', 'show', String(started.json().runId));
    expect(out).toContain('State\n{\n  "region": "eu"\n}');
    expect(await cli('runs', 'start', 'helper', 'Begin.', '--state', '[]')).toMatchObject({ code: 2, out: '' });
  });
});

describe('brakes', () => {
  test('B8 set holds calls, list and show say so, a bypass lets one run pass, release lets all go on', async () => {
    const set = await cli('brakes', 'set', '--tool', 'refund', '--reason', 'Wrong account.');
    expect(set).toMatchObject({ code: 0, err: '' });
    const [, brakeId = ''] = /Brake (brk_\w+) is on\. It stops tool refund, in the project\./.exec(set.out) ?? [];
    const [held, passing] = [await anna.startRun({ agent: 'quick' }), await anna.startRun({ agent: 'quick' })];
    await Promise.all([held.event('tool.held'), passing.event('tool.held')]);
    const { out } = await cli('brakes', 'list');
    expect(out).toContain(brakeId);
    expect(out).toContain('Wrong account.');

    expect(await cli('brakes', 'bypass', brakeId, '--for', '30m', '--reason', 'It is due.')).toMatchObject({ code: 2 });
    const words = ['--run', passing.runId, '--for', '30m', '--reason', 'It is due.'];
    const bypassed = await cli('brakes', 'bypass', brakeId, ...words);
    expect(bypassed).toMatchObject({ code: 0, err: '' });
    expect((await passing.ends()).status).toBe('completed');
    expect(await held.types()).not.toContain('tool.completed');
    expect((await cli('brakes', 'show', brakeId)).out).toMatch(/^byp_\w+ +until .+ run run_/m);
    const [, bypassId = ''] = /end-bypass \w+ (byp_\w+)/.exec(bypassed.out) ?? [];
    expect(await cli('brakes', 'end-bypass', brakeId, bypassId)).toMatchObject({ code: 0, err: '' });

    expect(await cli('brakes', 'release', brakeId)).toMatchObject({ code: 0, err: '' });
    expect((await held.ends()).status).toBe('completed');
    expect((await cli('brakes', 'list')).out).toBe('No brake is on.\n');
    expect((await cli('brakes', 'list', '--all')).out).toContain(brakeId);
    const watched = await cli('runs', 'watch', passing.runId);
    expect(watched.out).toMatch(/tool\.held +refund \(call_1_0\) by brake brk_/);
    expect(watched.out).toMatch(/brake\.bypassed +refund \(call_1_0\) passes brake brk_/);
  }, 90_000);

  test('one that is not there is told: 1', async () => {
    const refused = await cli('brakes', 'release', `brk_${'a'.repeat(26)}`);
    expect(refused).toMatchObject({ code: 1, out: '' });
    expect(refused.err).toContain('brake_not_found');
  });
});

describe('grants', () => {
  test('S1.9 an operator makes one, a run uses it, it is listed, shown and revoked', async () => {
    const bounds = ['--constraints', '{"/order": {"max": 10}}', '--ttl', '1h', '--uses', '2'];
    const made = await cli(
      ...['grants', 'create', '--scope', 'agent', '--agent', 'granted', '--requester', 'anna', '--tool', 'refund'],
      ...bounds,
    );
    expect(made).toMatchObject({ code: 0, err: '' });
    const [, grantId = ''] = /grants revoke (grant_\w+)/.exec(made.out) ?? [];
    const run = await anna.startRun({ agent: 'granted' });
    expect((await run.ends()).status).toBe('completed');
    const watched = await cli('runs', 'watch', run.runId);
    expect(watched.out.replaceAll(/\s+/g, ' ')).toContain(`by ${grantId}, used 1 of 2`);
    expect((await cli('grants', 'list')).out).toMatch(
      new RegExp(`${grantId} +live +refund +agent granted +anna +used 1 of 2`),
    );
    expect((await cli('grants', 'revoke', grantId)).out).toBe(`Grant ${grantId} is revoked, used 1 of 2.\n`);
    expect((await cli('grants', 'list')).out).toBe('No grants.\n');
    const asked = await anna.startRun({ agent: 'granted' });
    expect((await asked.pending()).status).toBe('pending');
  });
});

describe('delegations', () => {
  test('B10 somebody stands in until it is ended', async () => {
    const added = await cli('delegations', 'add', '--to', 'bob', '--for', '7d', '--group', 'finance');
    expect(added).toMatchObject({ code: 0, err: '' });
    expect(added.out).toMatch(/^bob stands in for anna until /);
    const [, delegationId = ''] = /delegations end (dlg_\w+)/.exec(added.out) ?? [];
    expect((await cli('delegations', 'list')).out).toMatch(new RegExp(`${delegationId} +active +anna +bob +finance`));
    expect((await cli('delegations', 'end', delegationId)).out).toBe('bob no longer stands in for anna.\n');
    expect((await cli('delegations', 'list')).out).toBe('Nobody stands in for anybody.\n');
    expect(await cli('delegations', 'add', '--to', 'bob')).toMatchObject({ code: 2, out: '' });
  });
});
