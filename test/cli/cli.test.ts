import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { Approval } from '../../src/contract/approvals.ts';
import { asksFor, recordingTool, says, testAgent } from '../../src/testing/index.ts';
import type { Person, StartedRun, World } from '../../src/testing/index.ts';
import { cuttableRelay } from '../support/cuttable-relay.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { waitFor } from '../support/wait-for.ts';
import { testWorld } from '../support/world.ts';
import { cliWith, startCliWith } from './run-cli.ts';
import type { Cli, StartCli } from './run-cli.ts';

const refund = recordingTool('refund', {
  description: 'Pays money back.',
  input: z.strictObject({ order: z.number(), note: z.string() }),
});
const RULE = {
  id: 'ask-refund',
  match: 'refund',
  effect: 'ask',
  reason: 'Money leaves the house.',
  risk: 'high',
} as const;

let world: World;
let anna: Person;
let cli: Cli;
let startCli: StartCli;
beforeAll(async () => {
  world = await testWorld({
    agents: [
      testAgent({
        script: [asksFor('refund', { order: 7, note: 'late' }, { saying: 'I refund order 7.' }), says('It is done.')],
        tools: [refund],
        policy: [RULE],
      }),
    ],
  });
  anna = await world.person('anna');
  const environment = {
    COUNTERSIGN_URL: world.url,
    COUNTERSIGN_API_KEY: anna.key,
    COUNTERSIGN_STATE_DIRECTORY: temporaryDirectory(),
  };
  cli = cliWith(environment);
  startCli = startCliWith(environment);
});
afterAll(() => world[Symbol.asyncDispose]());

const startAndAsk = async (): Promise<{ run: StartedRun; approval: Approval; name: string }> => {
  const run = await anna.startRun({});
  const approval = await run.pending();
  return { run, approval, name: `${run.runId}/${approval.key}` };
};

describe('runs', () => {
  test('start says the id and how to follow; the same key is the same run', async () => {
    const started = await cli('runs', 'start', 'helper', 'Begin.', '--label', 'team=web', '--idempotency-key', 'k1');
    const again = await cli(
      'runs',
      'start',
      'helper',
      'Begin.',
      '--label',
      'team=web',
      '--idempotency-key',
      'k1',
      '--json',
    );
    const { runId, labels } = again.json();
    expect(started).toMatchObject({ code: 0, err: '' });
    expect(started.out).toContain(`npm run countersign -- runs watch ${String(runId)}`);
    expect(labels).toEqual({ team: 'web' });
  });

  test('list shows a table, and as JSON the page; filters narrow it', async () => {
    const { run } = await startAndAsk();
    const table = await cli('runs', 'list');
    expect(table.out).toMatch(/^RUN +STATUS +AGENT +FOR +STARTED$/m);
    expect(table.out).toContain(run.runId);
    const page = (await cli('runs', 'list', '--json', '--status', 'suspended', '--limit', '1')).json();
    expect(page).toMatchObject({ data: [{ status: 'suspended', agent: 'helper' }] });
    expect(await cli('runs', 'list', '--agent', 'nobody')).toMatchObject({ code: 0, out: 'No runs.\n' });
  });

  test('show has its words, what it waits for and how to look at that', async () => {
    const { run, name } = await startAndAsk();
    const { out, code } = await cli('runs', 'show', run.runId);
    expect(code).toBe(0);
    expect(out).toContain('  │ Begin.');
    expect(out).toContain('Waits for consent');
    expect(out).toContain(`approvals show ${name}`);
    const { headHash } = await run.get();
    expect(out).toContain(headHash);
    expect((await cli('runs', 'show', run.runId, '--json')).json()).toMatchObject({
      runId: run.runId,
      status: 'suspended',
    });
  });

  test('watch tells the story to its end; its exit code is the outcome', async () => {
    const { run, approval } = await startAndAsk();
    const watching = startCli('runs', 'watch', run.runId);
    await waitFor('the hint how to decide', () =>
      watching.err().includes(`approvals show ${run.runId}/${approval.key}`),
    );
    await run.decide(approval, 'approve');
    const { code, out } = await watching.ended;
    expect(code).toBe(0);
    const types = out.split('\n').flatMap((line) => /^[\d:]{8} +#\d+ +(\S+)/.exec(line)?.[1] ?? []);
    expect(types).toEqual(await run.types());
    expect(out).toContain('  │ I refund order 7.\n');
    expect(out).toContain('  │ It is done.\n');
    expect(out).toMatch(/approval\.decided +approved by anna/);
    expect(out).toMatch(/The run is over: completed\.\n$/);
  });

  test('watch --json has every event with its number, and the end; --after leaves out what was seen', async () => {
    const { run, approval } = await startAndAsk();
    await run.decide(approval, 'approve');
    const { eventSeq } = await run.settles();
    const lines = (await cli('runs', 'watch', run.runId, '--json', '--after', String(eventSeq - 2))).out
      .trim()
      .split('\n');
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { event: 'event', id: eventSeq - 1 },
      { event: 'event', id: eventSeq, data: { type: 'run.completed' } },
      { event: 'stream.end', data: { status: 'completed' } },
    ]);
  });

  test('watch goes on where a cut connection ended, and Ctrl-C ends it with 130', async () => {
    const { run, approval } = await startAndAsk();
    await using relay = await cuttableRelay('127.0.0.1', Number(new URL(world.url).port));
    const through = startCliWith({ COUNTERSIGN_URL: `http://127.0.0.1:${relay.port}`, COUNTERSIGN_API_KEY: anna.key });
    const watching = through('runs', 'watch', run.runId);
    await waitFor('the events so far', () => watching.out().includes('run.suspended'));
    relay.drop();
    await run.decide(approval, 'approve');
    const { code, out } = await watching.ended;
    expect(code).toBe(0);
    const seen = [...out.matchAll(/^[\d:]{8} +#(\d+)/gm)].map(([, seq]) => Number(seq));
    expect(seen).toEqual(seen.map((_, index) => index + 1));
    expect(out).toContain('The run is over: completed.');

    const other = await startAndAsk();
    const interrupted = startCli('runs', 'watch', other.run.runId);
    await waitFor('the events so far', () => interrupted.out().includes('run.suspended'));
    interrupted.kill('SIGINT');
    expect((await interrupted.ended).code).toBe(130);
  });

  test('cancel withdraws what waits; a run that was cancelled ends a watch with 1, a completed one cannot be cancelled', async () => {
    const { run } = await startAndAsk();
    expect(await cli('runs', 'cancel', run.runId, '--reason', 'Mistake.')).toMatchObject({ code: 0 });
    expect((await run.settles()).status).toBe('cancelled');
    expect(await cli('runs', 'watch', run.runId)).toMatchObject({ code: 1 });
    const other = await startAndAsk();
    await other.run.decide(other.approval, 'approve');
    await other.run.settles();
    const refused = await cli('runs', 'cancel', other.run.runId);
    expect(refused).toMatchObject({ code: 1, out: '' });
    expect(refused.err).toContain('completed');
  });
});

describe('approvals', () => {
  test('list shows what pends, as a table and as JSON', async () => {
    const { run, name } = await startAndAsk();
    expect((await cli('approvals', 'list')).out).toContain(name);
    const { data } = (await cli('approvals', 'list', '--run', run.runId, '--json')).json();
    expect(data).toMatchObject([{ runId: run.runId, status: 'pending', tool: { name: 'refund' } }]);
    expect((await cli('approvals', 'list', '--tool', 'nothing')).out).toBe('Nothing waits for a decision.\n');
  });

  test('show has everything one must see to consent', async () => {
    const { approval, name } = await startAndAsk();
    const { out, code } = await cli('approvals', 'show', name);
    expect(code).toBe(0);
    const needed = [
      approval.approvalId,
      approval.digest,
      approval.runId,
      'Pays money back.',
      'agent helper, turn 1',
      'anna',
      'ask-refund',
      'Money leaves the house.',
      'high',
      'any approver',
      'approve, reject',
      '"order": 7',
      '"note": "late"',
      `approvals approve ${name} --digest ${approval.digest}`,
      `approvals reject ${name} --reason`,
    ];
    expect(needed.filter((text) => !out.includes(text))).toEqual([]);
    expect(out).toMatch(/Revision +1\n/);
    expect(out).toMatch(/Decide by +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC \(in .+\), then: deny/);
    expect((await cli('approvals', 'show', approval.approvalId, '--json')).json()).toMatchObject({
      digest: approval.digest,
    });
  });

  test('approve without a terminal wants the digest; nothing is decided without', async () => {
    const { run, approval, name } = await startAndAsk();
    for (const words of [[], ['--yes'], ['--json']]) {
      const refused = await cli('approvals', 'approve', name, ...words);
      expect(refused).toMatchObject({ code: 2, out: '' });
      expect(refused.err).toContain('--digest');
    }
    expect((await run.pending()).digest).toBe(approval.digest);
    const calls = refund.calls.length;
    const approved = await cli('approvals', 'approve', name, '--digest', approval.digest);
    expect(approved).toMatchObject({ code: 0, err: '' });
    expect(approved.out).toContain('is approved.');
    expect((await run.settles()).status).toBe('completed');
    expect(refund.calls.slice(calls)).toMatchObject([{ arguments: { order: 7, note: 'late' } }]);
  });

  test('a digest of something else approves nothing', async () => {
    const { run, name } = await startAndAsk();
    const refused = await cli('approvals', 'approve', name, '--digest', `sha256:${'0'.repeat(64)}`);
    expect(refused).toMatchObject({ code: 1, out: '' });
    expect(refused.err).toContain('digest_mismatch');
    expect((await run.pending()).status).toBe('pending');
  });

  test('reject gives the reason; whoever comes later hears who decided', async () => {
    const { run, approval, name } = await startAndAsk();
    const rejected = await cli('approvals', 'reject', name, '--reason', 'Not this one.', '--json');
    expect(rejected.json()).toMatchObject({ outcome: 'recorded', approval: { status: 'rejected' } });
    const late = await cli('approvals', 'approve', name, '--digest', approval.digest, '--json');
    expect(late).toMatchObject({ code: 1, out: '' });
    expect(JSON.parse(late.err)).toMatchObject({
      code: 'already_decided',
      winner: { decision: 'reject', principal: 'anna' },
    });
    expect((await cli('approvals', 'show', name)).out).toContain('  │ Not this one.');
    expect((await run.settles()).status).toBe('completed');
  });

  test('who may not decide is told why', async () => {
    const { name } = await startAndAsk();
    const auditor = await world.person('otto', { roles: ['auditor'] });
    const environment = { COUNTERSIGN_URL: world.url, COUNTERSIGN_API_KEY: auditor.key };
    const shown = await cliWith(environment)('approvals', 'show', name);
    expect(shown.code).toBe(0);
    expect(shown.out).toContain('You cannot decide this:');
    expect(shown.out).not.toContain('approvals approve');
  });
});

describe('what goes wrong', () => {
  test.each([
    ['an unknown command', ['walks']],
    ['an unknown option', ['runs', 'list', '--colour']],
    ['a missing argument', ['runs', 'show']],
    ['something that is no run', ['runs', 'show', 'run_1']],
    ['something that is no approval', ['approvals', 'show', 'refund']],
    ['a status there is none of', ['runs', 'list', '--status', 'asleep']],
    ['an address that is none', ['runs', 'list', '--url', 'localhost:1']],
    ['a label without a value', ['runs', 'start', 'helper', 'Begin.', '--label', 'team']],
  ])('%s is wrong usage: 2', async (_name, words) => {
    const { code, out, err } = await cli(...words);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).not.toBe('');
  });

  test('a refusal names title, detail and what to do: 1', async () => {
    const { code, err } = await cli('runs', 'start', 'nobody', 'Begin.');
    expect(code).toBe(1);
    expect(err).toBe(
      'Error: No such agent (unknown_agent)\nNo agent of that name is registered in the project.\nGET /v1/agents lists the agents.\n',
    );
  });

  test('a server that is not there: 3', async () => {
    const { code, err } = await cli('runs', 'list', '--url', 'http://127.0.0.1:1');
    expect(code).toBe(3);
    expect(err).toContain('http://127.0.0.1:1 cannot be reached');
    expect((await cli('runs', 'watch', `run_${'a'.repeat(26)}`, '--url', 'http://127.0.0.1:1')).code).toBe(3);
  });

  test('no key, and no installation to take one from: 2', async () => {
    const { code, err } = await cliWith({ COUNTERSIGN_STATE_DIRECTORY: temporaryDirectory() })('runs', 'list');
    expect(code).toBe(2);
    expect(err).toContain('npm start');
  });

  test('help is no fault', async () => {
    const { code, out } = await cli('approvals', 'approve', '--help');
    expect(code).toBe(0);
    expect(out).toContain('--digest');
  });
});
