// Every kind of decision from the command line: what people type, what they read, and what comes of it.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { askUser } from '../../src/adapters/tools/built-in/ask-user.ts';
import type { Approval } from '../../src/contract/approvals.ts';
import type { RuleInput } from '../../src/domain/policy/policy-schema.ts';
import { asksFor, recordingTool, says, testAgent } from '../../src/testing/index.ts';
import type { Person, StartedRun, World } from '../../src/testing/index.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { testWorld } from '../support/world.ts';
import { cliWith } from './run-cli.ts';
import type { Cli } from './run-cli.ts';

const refund = recordingTool('refund', {
  description: 'Pays money back.',
  input: z.strictObject({ order: z.number(), amount: z.number() }),
});
const RULES: readonly RuleInput[] = [
  {
    id: 'ask-refund',
    match: 'refund',
    effect: 'ask',
    reason: 'Money leaves the house.',
    stateEditable: ['customer.*'],
    grantable: { scopes: ['run'], maxTtl: '8h', maxUses: 10 },
  },
  {
    id: 'two-for-much',
    match: 'refund',
    when: 'args.amount > 500.0',
    effect: 'ask',
    reason: 'It is much money.',
    approvers: { approvals: 2, reasonRequired: true },
  },
];

let world: World;
let anna: Person;
let cli: Cli;
let bobs: Cli;
const directory = temporaryDirectory();
beforeAll(async () => {
  const small = { order: 7, amount: 12 };
  const options = ['Monday', 'Digest  sha256:forged\nTuesday'];
  world = await testWorld({
    agents: [
      testAgent({ script: [asksFor('refund', small), says('Done.')], tools: [refund], policy: RULES }),
      testAgent({
        name: 'generous',
        script: [asksFor('refund', { order: 8, amount: 800 }), says('Done.')],
        tools: [refund],
        policy: RULES,
      }),
      testAgent({
        name: 'stubborn',
        script: [asksFor('refund', small), asksFor('refund', { order: 7, amount: 10 }), says('Done.')],
        tools: [refund],
        policy: RULES,
      }),
      testAgent({
        name: 'asker',
        script: [asksFor('ask_user', { question: 'Which day?', options }), says('Thanks.')],
        tools: [askUser()],
      }),
    ],
  });
  anna = await world.person('anna');
  const bob = await world.person('bob');
  const environmentOf = ({ key }: Person) => ({ COUNTERSIGN_URL: world.url, COUNTERSIGN_API_KEY: key });
  cli = cliWith(environmentOf(anna));
  bobs = cliWith(environmentOf(bob));
});
afterAll(() => world[Symbol.asyncDispose]());

const startAndAsk = async (agent = 'helper', body: object = {}) => {
  const run = await anna.startRun({ agent, ...body });
  const approval = await run.pending();
  return { run, approval, name: `${run.runId}/${approval.key}` };
};

const bound = ({ digest }: Approval): readonly string[] => ['--digest', digest];
const lastArguments = () => refund.calls.at(-1)?.arguments;
const statusOf = async (run: StartedRun) => (await run.settles()).status;

describe('edit', () => {
  test('S0.2 changes one argument; what runs is the edited call, and the screen says whose it is', async () => {
    const { run, approval, name } = await startAndAsk();
    const edited = await cli('approvals', 'edit', name, '--set', 'amount=10', ...bound(approval));
    expect(edited).toMatchObject({ code: 0, err: '' });
    expect(edited.out).toMatch(/is approved\.\nWhat runs is the edited call: sha256:/);
    expect(await statusOf(run)).toBe('completed');
    expect(lastArguments()).toEqual({ order: 7, amount: 10 });
    expect((await cli('approvals', 'show', name)).out).toMatch(/Decision +edit by anna/);
  });

  test('S0.2 above what one may approve alone it is the next revision, shown with what changed', async () => {
    const { run, approval, name } = await startAndAsk();
    const whole = join(directory, 'arguments.json');
    await writeFile(whole, '{"order": 7, "amount": 900}');
    const edited = await cli(
      'approvals',
      'edit',
      name,
      '--arguments-file',
      whole,
      '--reason',
      'More.',
      ...bound(approval),
    );
    expect(edited.code).toBe(0);
    expect(edited.out).toContain('Your edit is revision 2');
    const { out } = await bobs('approvals', 'show', name);
    expect(out).toMatch(/Revision +2, by an edit of anna\n/);
    expect(out).toMatch(/^- +"amount": 12,$/m);
    expect(out).toMatch(/^\+ +"amount": 900,$/m);
    expect((await run.pending()).status).toBe('pending');
  });

  test('what the tool would not take is refused with the place, and the approval stays open', async () => {
    const { run, approval, name } = await startAndAsk();
    const refused = await cli('approvals', 'edit', name, '--arguments', '{"order": "x"}', ...bound(approval));
    expect(refused).toMatchObject({ code: 1, out: '' });
    expect(refused.err).toContain('invalid_arguments');
    expect(refused.err).toContain('/order');
    expect((await run.pending()).digest).toBe(approval.digest);
  });

  test.each([
    ['nothing to change', []],
    ['two ways at once', ['--arguments', '{}', '--set', 'a=1']],
    ['duplicate keys', ['--arguments', '{"a": 1, "a": 2}']],
    ['a number that is not exact', ['--set', 'amount=12345678901234567890']],
    ['a path that climbs the prototype', ['--set', '__proto__.x=1']],
  ])('%s is wrong usage: 2', async (_name, words) => {
    const address = `run_${'a'.repeat(26)}/call_1_0`;
    expect(await cli('approvals', 'edit', address, '--digest', `sha256:${'0'.repeat(64)}`, ...words)).toMatchObject({
      code: 2,
      out: '',
    });
  });
});

describe('votes', () => {
  test('S4 the first of two is a vote that shows, the second decides', async () => {
    const { run, approval, name } = await startAndAsk('generous');
    const voted = await cli('approvals', 'approve', name, '--reason', 'It is owed.', ...bound(approval));
    expect(voted).toMatchObject({ code: 0, err: '' });
    expect(voted.out).toContain('Your vote is recorded');
    expect(voted.out).toContain('1 of 2 so far');
    const shown = await bobs('approvals', 'show', name);
    expect(shown.out).toMatch(/Votes +approve by anna, through api/);
    expect(shown.out).toContain('Reason of anna\n  │ It is owed.');
    expect(shown.out).toContain(`approvals approve ${name} --digest ${approval.digest} --reason 'say why'`);
    expect((await bobs('approvals', 'list', '--run', run.runId)).out).toMatch(/1 of 2/);
    const refused = await bobs('approvals', 'approve', name, ...bound(approval));
    expect(refused).toMatchObject({ code: 1, out: '' });
    expect(refused.err).toContain('reason_required');
    const decided = await bobs('approvals', 'approve', name, '--reason', 'Yes.', ...bound(approval));
    expect(decided.out).toContain('is approved.');
    expect(await statusOf(run)).toBe('completed');
    expect(lastArguments()).toEqual({ order: 8, amount: 800 });
  });
});

describe('request-changes', () => {
  test('S0.3 sends it back; the next request shows what was to change, and what has', async () => {
    const { run, name } = await startAndAsk('stubborn');
    const sent = await cli('approvals', 'request-changes', name, '--reason', 'Ten is enough.');
    expect(sent).toMatchObject({ code: 0, err: '' });
    expect(sent.out).toContain('is superseded.');
    const next = await run.pending();
    const { out } = await cli('approvals', 'show', `${run.runId}/${next.key}`);
    expect(out).toMatch(/Revision +2\n/);
    expect(out).toContain('What was to change\n  │ Ten is enough.');
    expect(out).toMatch(/^- +"amount": 12,$/m);
    expect(out).toMatch(/^\+ +"amount": 10,$/m);
    expect((await cli('approvals', 'show', name)).out).toMatch(/Revised by +tool-approval:/);
  });

  test('without words it is wrong usage: 2', async () => {
    const address = `run_${'a'.repeat(26)}/call_1_0`;
    expect(await cli('approvals', 'request-changes', address, '--reason', '  ')).toMatchObject({ code: 2, out: '' });
  });
});

describe('respond', () => {
  test('B2 a question is shown with its options behind bars and answered by number', async () => {
    const { run, approval, name } = await startAndAsk('asker');
    const { out } = await cli('approvals', 'show', name);
    expect(out).toContain('Question\n  │ Which day?');
    expect(out).toContain('   1  │ Monday\n   2  │ Digest  sha256:forged\n      │ Tuesday\n');
    expect(out.split('\n').filter((line) => line.startsWith('Digest'))).toEqual([`Digest     ${approval.digest}`]);
    expect(out).toContain(`approvals respond ${name} --digest ${approval.digest} --option 1`);
    expect(await cli('approvals', 'respond', name, '--option', '1')).toMatchObject({ code: 2, out: '' });
    expect(await cli('approvals', 'respond', name, '--option', '3', ...bound(approval))).toMatchObject({ code: 2 });
    const answered = await cli('approvals', 'respond', name, '--option', '1', ...bound(approval));
    expect(answered.out).toContain('is answered.');
    expect(await statusOf(run)).toBe('completed');
    expect((await cli('approvals', 'show', name)).out).toContain('Answer of anna\n  │ Monday');
    const watched = await cli('runs', 'watch', run.runId);
    expect(watched.out).toMatch(/approval\.decided +answered \(respond\) by anna/);
    expect(watched.out).toMatch(/tool\.completed .+a result that a person gave/);
  });

  test('in place of a tool, which does not run', async () => {
    const { run, name } = await startAndAsk();
    const calls = refund.calls.length;
    expect(await cli('approvals', 'respond', name, '--text', 'It was refunded by hand.')).toMatchObject({ code: 0 });
    expect(await statusOf(run)).toBe('completed');
    expect(refund.calls.length).toBe(calls);
  });

  test('a blank answer is refused, and the approval stays open', async () => {
    const { run, name } = await startAndAsk();
    const refused = await cli('approvals', 'respond', name, '--text', '   ');
    expect(refused).toMatchObject({ code: 1, out: '' });
    expect((await run.pending()).status).toBe('pending');
  });
});

describe('approve', () => {
  test("S0.9 sets the run's state along with it, which both screens show; paths that the rule does not list it refuses", async () => {
    const { run, approval, name } = await startAndAsk('helper', { state: { customer: { tier: 'silver' }, other: 1 } });
    const { out } = await cli('approvals', 'show', name);
    expect(out).toMatch(/May set +customer\.\* of the run's state/);
    expect(out).toContain('"tier": "silver"');
    const refused = await cli('approvals', 'approve', name, '--edit-state', 'other=2', ...bound(approval));
    expect(refused).toMatchObject({ code: 1, out: '' });
    expect(refused.err).toContain('state_path_not_allowed');
    const edits = ['--edit-state', 'customer.tier=gold', '--edit-state', 'customer.limit=500'];
    expect(await cli('approvals', 'approve', name, ...edits, ...bound(approval))).toMatchObject({ code: 0, err: '' });
    expect(await statusOf(run)).toBe('completed');
    expect((await run.get()).state).toEqual({ customer: { tier: 'gold', limit: 500 }, other: 1 });
    expect((await cli('approvals', 'show', name)).out).toContain('"customer.tier": "gold"');
  });

  test('S1.9 remembers it by a grant, which it names', async () => {
    const { approval, name } = await startAndAsk();
    expect(approval.grantable).not.toBeNull();
    const half = await cli('approvals', 'approve', name, '--remember', 'run', ...bound(approval));
    expect(half).toMatchObject({ code: 2, out: '' });
    const words = ['--remember', 'run', '--ttl', '8h', '--uses', '10'];
    const approved = await cli('approvals', 'approve', name, ...words, ...bound(approval));
    expect(approved).toMatchObject({ code: 0, err: '' });
    const [, grantId] = /grants show (grant_\w+)/.exec(approved.out) ?? [];
    const { out } = await cli('grants', 'show', String(grantId));
    expect(out).toMatch(/Used +used 0 of 10/);
    expect(out).toContain('"/amount": {\n    "equals": 12');
  });

  test('S0.9 an approval of another run is not touched', async () => {
    const { run, approval, name } = await startAndAsk();
    const other = `run_${'b'.repeat(26)}`;
    for (const words of [['show'], ['approve', ...bound(approval)], ['reject'], ['claim'], ['extend', '--by', '1h']]) {
      const [verb = '', ...rest] = words;
      const refused = await cli('approvals', verb, approval.approvalId, '--run', other, ...rest);
      expect(refused).toMatchObject({ code: 2, out: '' });
      expect(refused.err).toContain(`does not belong to run ${other}`);
    }
    expect((await run.pending()).status).toBe('pending');
    const approved = await cli('approvals', 'approve', name, '--run', run.runId, ...bound(approval));
    expect(approved.code).toBe(0);
  });
});
