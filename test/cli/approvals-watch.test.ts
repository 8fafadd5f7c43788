// The inbox, followed from the command line.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { asksFor, recordingTool, says, testAgent } from '../../src/testing/index.ts';
import type { Person, World } from '../../src/testing/index.ts';
import { waitFor } from '../support/wait-for.ts';
import { testWorld } from '../support/world.ts';
import { startCliWith } from './run-cli.ts';
import type { StartCli } from './run-cli.ts';

let world: World;
let anna: Person;
let start: StartCli;
beforeAll(async () => {
  const script = [asksFor('refund', { text: 'secret words' }), says('Done.')];
  world = await testWorld({ agents: [testAgent({ script, tools: [recordingTool('refund')] })] });
  anna = await world.person('anna');
  start = startCliWith({ COUNTERSIGN_URL: world.url, COUNTERSIGN_API_KEY: anna.key });
});
afterAll(() => world[Symbol.asyncDispose]());

test('S1.12 approvals watch shows what is pending, then what becomes of it, until Ctrl-C', async () => {
  const earlier = await anna.startRun({});
  const waiting = await earlier.pending();
  const lines = start('approvals', 'watch');
  const objects = start('approvals', 'watch', '--json');
  await waitFor('both to show what is pending', () =>
    [lines, objects].every((one) => one.out().includes(earlier.runId)),
  );
  expect(lines.out()).toMatch(/APPROVAL +TOOL +AGENT +FOR[^]*refund +helper +anna/);
  const run = await anna.startRun({});
  const approval = await run.pending();
  await anna.request('POST', `/v1/runs/${run.runId}/approvals/${approval.key}/claim`);
  await run.decide(approval, 'approve');
  await waitFor('the decision', () => [lines, objects].every((one) => one.out().includes('approval.decided')));
  lines.kill('SIGINT');
  objects.kill('SIGINT');
  const [people, programs] = await Promise.all([lines.ended, objects.ended]);
  expect([people.code, programs.code]).toEqual([130, 130]);
  const name = `${run.runId}/${approval.key}`;
  expect(people.out).toMatch(/\d\d:\d\d:\d\d {2}approval\.requested +refund/);
  expect(people.out.replaceAll(/\s+/g, ' ')).toContain(`refund (${name}) for anna: `);
  expect(people.err).toContain(`approvals show ${name}`);
  expect(people.out).not.toContain('secret words');

  const items = programs.out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(items[0]).toMatchObject({
    event: 'snapshot',
    approvals: [{ approvalId: waiting.approvalId, canDecide: true }],
  });
  expect(items.slice(1).map(({ event, data }) => [event, data.type, data.approval.approvalId])).toEqual(
    ['requested', 'claimed', 'decided'].map((what) => ['change', `approval.${what}`, approval.approvalId]),
  );
});

test('who is refused is told so', async () => {
  const nobody = startCliWith({ COUNTERSIGN_URL: world.url, COUNTERSIGN_API_KEY: 'cs_nobody_at_all' });
  const { code, out, err } = await nobody('approvals', 'watch').ended;
  expect([code, out]).toEqual([1, '']);
  expect(err).toContain('(unauthenticated)');
});
