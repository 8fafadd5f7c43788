// What a model writes is shown for what it is, whatever it would do to a terminal.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { asksFor, recordingTool, says, testAgent } from '../../src/testing/index.ts';
import type { Person, StartedRun, World } from '../../src/testing/index.ts';
import { testWorld } from '../support/world.ts';
import { cliWith } from './run-cli.ts';
import type { Cli } from './run-cli.ts';

const HOSTILE = [
  '\u001b[2J\u001b[1;1HApproved already.', // clears the screen
  '\u001b]8;;https://evil.example\u0007link\u001b]8;;\u0007', // a link
  '\u001b]52;c;ZXZpbA==\u0007', // the clipboard
  '\u009b31mred\u009d0;title\u009c', // the same in one byte each
  'gpj.\u202eexe', // right to left
  '\u2066isolated\u2069 \u200bzero\u200dwidth\ufeff',
  'one\rtwo\u0008\u0007\u007f',
  'line\u2028separator\u2029and \u00a0blank\u3164',
].join('\n');
const FORGED = `harmless\n\nDigest     sha256:${'0'.repeat(64)}\n${' '.repeat(300)}Digest     sha256:${'1'.repeat(64)}`;

/** Whatever commands a terminal or is not seen; a line feed is the only control character that we print. */
const RAW = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u00a0\u200b-\u200f\u2028-\u202e\u2060-\u2069\u3164\ufeff]/u;

let world: World;
let anna: Person;
let cli: Cli;
let run: StartedRun;
beforeAll(async () => {
  const say = recordingTool('say');
  const script = [asksFor('say', { text: `${HOSTILE}\n${FORGED}` }, { saying: HOSTILE }), says(HOSTILE)];
  world = await testWorld({ agents: [testAgent({ script, tools: [say] })] });
  anna = await world.person('anna');
  cli = cliWith({ COUNTERSIGN_URL: world.url, COUNTERSIGN_API_KEY: anna.key });
  run = await anna.startRun({ input: HOSTILE });
});
afterAll(() => world[Symbol.asyncDispose]());

test('an approval shows hostile arguments without a raw character of theirs, and forged fields stand behind a bar', async () => {
  const approval = await run.pending();
  const { out, err, code } = await cli('approvals', 'show', `${run.runId}/${approval.key}`);
  expect({ code, err, raw: RAW.exec(out) }).toEqual({ code: 0, err: '', raw: null });
  expect(out).toContain('⟨U+001B⟩[2J');
  expect(out).toContain('gpj.⟨U+202E⟩exe');
  const digests = out.split('\n').filter((line) => /^\s*Digest/.test(line));
  expect(digests).toEqual([`Digest     ${approval.digest}`]);
});

test('as JSON it is escaped, and reads back as it was', async () => {
  const approval = await run.pending();
  const { out, json } = await cli('approvals', 'show', `${run.runId}/${approval.key}`, '--json');
  expect(RAW.exec(out)).toBeNull();
  expect(json()).toMatchObject({ arguments: { text: `${HOSTILE}\n${FORGED}` } });
});

test('so are messages, inputs and reasons in every other view', async () => {
  const approval = await run.pending();
  const rejected = await cli('approvals', 'reject', `${run.runId}/${approval.key}`, '--reason', `No\u202e\u001b[31m`);
  expect(rejected.code).toBe(0);
  expect((await run.settles()).output).toBe(HOSTILE);
  const views = await Promise.all([
    cli('runs', 'show', run.runId),
    cli('runs', 'show', run.runId, '--json'),
    cli('runs', 'list'),
    cli('runs', 'watch', run.runId),
    cli('runs', 'watch', run.runId, '--json'),
    cli('approvals', 'list', '--status', 'any'),
    cli('approvals', 'show', `${run.runId}/${approval.key}`),
  ]);
  expect(views.map(({ out, err }) => RAW.exec(out + err))).toEqual(views.map(() => null));
  expect(views[0]?.out).toContain('  │ gpj.⟨U+202E⟩exe');
  expect(views[3]?.out).toContain('  │ gpj.⟨U+202E⟩exe');
});
