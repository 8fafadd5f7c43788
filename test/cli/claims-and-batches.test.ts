// Claims, deadlines and many decisions at once, from the command line.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Approval } from '../../src/contract/approvals.ts';
import { asksFor, recordingTool, says, testAgent } from '../../src/testing/index.ts';
import type { Person, World } from '../../src/testing/index.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { testWorld } from '../support/world.ts';
import { cliWith } from './run-cli.ts';
import type { Cli } from './run-cli.ts';

let world: World;
let anna: Person;
let cli: Cli;
let bobs: Cli;
const directory = temporaryDirectory();
beforeAll(async () => {
  const script = [asksFor('refund', { text: 'order 7' }), says('Done.')];
  world = await testWorld({ agents: [testAgent({ script, tools: [recordingTool('refund')] })] });
  anna = await world.person('anna');
  const bob = await world.person('bob');
  const environmentOf = ({ key }: Person) => ({ COUNTERSIGN_URL: world.url, COUNTERSIGN_API_KEY: key });
  cli = cliWith(environmentOf(anna));
  bobs = cliWith(environmentOf(bob));
});
afterAll(() => world[Symbol.asyncDispose]());

const startAndAsk = async () => {
  const run = await anna.startRun({});
  const approval = await run.pending();
  return { run, approval, name: `${run.runId}/${approval.key}` };
};

const bound = ({ digest }: Approval): readonly string[] => ['--digest', digest];

describe('claims and time', () => {
  test('B4 a claim is shown and keeps others out until it is released', async () => {
    const { approval, name } = await startAndAsk();
    const claimed = await cli('approvals', 'claim', name, '--ttl', '30m');
    expect(claimed.out).toMatch(/is yours until .+ \(in (30 min|29 min \d+ s)\)\.\n/);
    const refused = await bobs('approvals', 'reject', name);
    expect(refused).toMatchObject({ code: 1, out: '' });
    expect(refused.err).toMatch(/\(claimed\)[^]*Claimed by anna until /);
    expect((await bobs('approvals', 'show', name)).out).toMatch(/Claimed +by anna, until /);
    expect((await cli('approvals', 'release', name)).out).toBe(`Nobody holds ${name}.\n`);
    const approved = await bobs('approvals', 'approve', name, ...bound(approval));
    expect(approved.code).toBe(0);
  });

  test('S3 extend moves the deadline and not the digest', async () => {
    const { run, approval, name } = await startAndAsk();
    expect(await cli('approvals', 'extend', name)).toMatchObject({ code: 2, out: '' });
    const extended = await cli('approvals', 'extend', name, '--by', '2h', '--reason', 'A holiday.');
    expect(extended).toMatchObject({ code: 0, err: '' });
    const { decideBy, digest } = await run.pending();
    expect(Date.parse(decideBy) - Date.parse(approval.decideBy)).toBe(7_200_000);
    expect(digest).toBe(approval.digest);
    const back = await cli('approvals', 'extend', name, '--until', approval.decideBy);
    expect(back).toMatchObject({ code: 1, out: '' });
    expect(back.err).toContain('deadline_not_allowed');
  });
});

describe('decide', () => {
  const fileOf = async (name: string, content: unknown) => {
    const file = join(directory, `${name}.json`);
    await writeFile(file, JSON.stringify(content));
    return file;
  };

  test('S0.10 many at once: a line each, 1 where one was refused, and the others stand', async () => {
    const [one, two, three] = [await startAndAsk(), await startAndAsk(), await startAndAsk()];
    const decisions = [
      { approvalId: one.name, decision: 'approve', digest: one.approval.digest },
      { approvalId: two.approval.approvalId, decision: 'approve', digest: `sha256:${'0'.repeat(64)}` },
      { approvalId: three.name, decision: 'reject', reason: 'No.' },
    ];
    const { code, out } = await cli('approvals', 'decide', '--file', await fileOf('mixed', decisions));
    expect(code).toBe(1);
    expect(out).toMatch(/^1 +run_\w+\/call_1_0 +recorded +approved$/m);
    expect(out).toMatch(/^2 +run_\w+\/call_1_0 +refused +\w* +digest_mismatch$/m);
    expect(out).toMatch(/^3 +run_\w+\/call_1_0 +recorded +rejected$/m);
    expect(out).toContain('1 of 3 were refused.\n#2 ');
    expect((await two.run.pending()).status).toBe('pending');
    const again = [{ approvalId: two.name, decision: 'approve', digest: two.approval.digest }];
    const rest = await cli('approvals', 'decide', '--file', await fileOf('rest', again), '--json');
    expect(rest).toMatchObject({ code: 0, err: '' });
    expect(rest.json()).toMatchObject({ data: [{ index: 0, outcome: 'recorded', approvalStatus: 'approved' }] });
  });

  test.each([
    ['not a list', { decision: 'approve' }],
    ['an empty list', []],
    ['an item that names no approval', [{ approvalId: 'refund', decision: 'approve' }]],
  ])('%s is wrong usage: 2', async (name, content) => {
    const file = await fileOf(name.replaceAll(' ', '-'), content);
    expect(await cli('approvals', 'decide', '--file', file)).toMatchObject({ code: 2, out: '' });
  });
});
