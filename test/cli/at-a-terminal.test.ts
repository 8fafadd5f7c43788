// What a person at a terminal is shown and asked before anything is sent.
import { Command } from 'commander';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { askUser } from '../../src/adapters/tools/built-in/ask-user.ts';
import { addApprovals } from '../../src/cli/commands/approvals.ts';
import { addRuns } from '../../src/cli/commands/runs.ts';
import type { Terminal } from '../../src/cli/terminal.ts';
import { asksFor, recordingTool, says, testAgent } from '../../src/testing/index.ts';
import type { Person, World } from '../../src/testing/index.ts';
import { testWorld } from '../support/world.ts';

const refund = recordingTool('refund', { input: z.strictObject({ order: z.number(), amount: z.number() }) });
const ASK = { id: 'ask-refund', match: 'refund', effect: 'ask', reason: 'Money leaves the house.' } as const;

let world: World;
let anna: Person;
beforeAll(async () => {
  const script = [asksFor('refund', { order: 7, amount: 12 }), says('Done.')];
  world = await testWorld({
    agents: [
      testAgent({ script, tools: [refund], policy: [ASK] }),
      testAgent({
        name: 'hasty',
        script,
        tools: [refund],
        policy: [{ ...ASK, decideWithin: '200ms', onExpire: 'block' }],
      }),
      testAgent({
        name: 'asker',
        script: [asksFor('ask_user', { question: 'Which day?', options: ['Monday', 'Tuesday'] }), says('Thanks.')],
        tools: [askUser()],
      }),
    ],
  });
  anna = await world.person('anna');
});
afterAll(() => world[Symbol.asyncDispose]());

/** Somebody who reads what is printed, and answers every question the same. */
async function atTerminal(answer: string | undefined, ...words: readonly string[]) {
  const printed: string[] = [];
  const asked: string[] = [];
  let code = 0;
  const terminal: Terminal = {
    print: (text = '') => void printed.push(text),
    write: (text) => void printed.push(text),
    note: (text) => void printed.push(text),
    style: (_style, text) => text,
    columns: 100,
    isInteractive: true,
    isTerminal: true,
    ask: async (question) => {
      asked.push(question.trim());
      return answer;
    },
  };
  const program = new Command().exitOverride();
  const context = { terminal, end: (given: number) => void (code = given) };
  addApprovals(program, context);
  addRuns(program, context);
  await program.parseAsync([...words, '--url', world.url, '--key', anna.key], { from: 'user' });
  return { out: printed.join('\n'), asked, code };
}

const startAndAsk = async (agent = 'helper') => {
  const run = await anna.startRun({ agent });
  const approval = await run.pending();
  return { run, approval, name: `${run.runId}/${approval.key}` };
};

test.each([['n'], [''], [undefined]])('whoever answers %j has decided nothing: 1', async (answer) => {
  const { run, name } = await startAndAsk();
  const { asked, code, out } = await atTerminal(answer, 'approvals', 'approve', name);
  expect({ asked, code }).toEqual({ asked: ['Approve exactly this call? [y/N]'], code: 1 });
  expect(out).toContain('Nothing was decided.');
  expect((await run.pending()).status).toBe('pending');
});

test('whoever says yes has approved what was shown', async () => {
  const { run, approval, name } = await startAndAsk();
  const { out, code } = await atTerminal('y', 'approvals', 'approve', name);
  expect(code).toBe(0);
  expect(out).toContain(approval.digest);
  expect(out).toContain('is approved.');
  expect((await run.settles()).status).toBe('completed');
});

test('an edit is shown line by line before it is asked for', async () => {
  const { run, name } = await startAndAsk();
  const { out, asked } = await atTerminal('yes', 'approvals', 'edit', name, '--set', 'amount=10');
  expect(out).toMatch(/You change\n\n {2}\{\n- +"amount": 12,\n\+ +"amount": 10,\n/);
  expect(asked).toEqual(['Approve the call with these arguments instead? [y/N]']);
  expect((await run.settles()).status).toBe('completed');
  expect(refund.calls.at(-1)?.arguments).toEqual({ order: 7, amount: 10 });
});

test('an answer by number is read back in words', async () => {
  const { run, name } = await startAndAsk('asker');
  const { out } = await atTerminal('y', 'approvals', 'respond', name, '--option', '2');
  expect(out).toContain('Your answer\n\n"Tuesday"');
  expect((await run.settles()).status).toBe('completed');
});

test('a parked call is shown before the question how it goes on; no is no', async () => {
  const run = await anna.startRun({ agent: 'hasty' });
  await run.event('run.blocked');
  const words = ['runs', 'resolve', run.runId, 'call_1_0', '--fail', '--reason', 'Nobody was there.'];
  const refused = await atTerminal('n', ...words);
  expect(refused).toMatchObject({ code: 1, asked: ['Give this call up? [y/N]'] });
  expect(refused.out).toMatch(/Attempt +none was started/);
  expect((await run.get()).status).toBe('needs_attention');
  expect((await atTerminal('y', ...words)).code).toBe(0);
  expect((await run.ends()).status).toBe('completed');
});
