// Keys from the command line, and what their channel is good for: from the key to what the gate proves.
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { asksFor, recordingTool, says, testAgent } from '../../src/testing/index.ts';
import type { Person, World } from '../../src/testing/index.ts';
import { testWorld } from '../support/world.ts';
import { cliWith } from './run-cli.ts';
import type { Cli } from './run-cli.ts';

const refund = recordingTool('refund');

let world: World;
let root: Person;
let cli: Cli;
beforeAll(async () => {
  const script = [asksFor('refund', { text: 'x' }), says('Done.')];
  const rule = { id: 'at-a-desk', match: 'refund', effect: 'ask', reason: 'Money.', channels: ['cli'] } as const;
  world = await testWorld({
    agents: [testAgent({ script, tools: [refund], policy: [{ ...rule, channels: [...rule.channels] }] })],
  });
  root = await world.person('root');
  cli = cliWith({ COUNTERSIGN_URL: world.url, COUNTERSIGN_API_KEY: root.key });
});
afterAll(() => world[Symbol.asyncDispose]());

const keyIn = (out: string): string => /^cs_\S+$/m.exec(out)?.[0] ?? '';

test('create shows the key once; list and show never; revoke ends it', async () => {
  const words = ['--principal', 'grace', '--role', 'approver', '--label', 'desk \u202e'];
  const created = await cli('keys', 'create', ...words, '--group', 'a', '--group', 'b', '--expires', '2099-01-01');
  expect(created).toMatchObject({ code: 0 });
  const key = keyIn(created.out);
  const prefix = key.split('_').slice(0, 2).join('_');
  expect(created.out).toContain('a, b');
  expect(created.out).not.toContain('\u202e');
  const grace = cliWith({ COUNTERSIGN_URL: world.url, COUNTERSIGN_API_KEY: key });
  const list = await grace('keys', 'list');
  expect(list.out).toContain('grace');
  expect(list.out).not.toContain(key);
  expect((await cli('keys', 'show', prefix)).out).not.toContain(key);
  expect((await cli('keys', 'revoke', prefix)).out).toContain('revoked');
  expect((await grace('keys', 'list')).err).toContain('Who are you?');
  expect((await cli('keys', 'list', '--state', 'revoked')).out).toContain('grace');
});

test('a whole key is no way to name one', async () => {
  expect(await cli('keys', 'show', root.key)).toMatchObject({ code: 2 });
});

test('who rotates the key that the command line keeps goes on with the new one', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'countersign-keys-'));
  try {
    const state = join(directory, 'state');
    await mkdir(state, { mode: 0o700 });
    const { key } = (await cli('keys', 'create', '--principal', 'kay', '--role', 'approver', '--json')).json();
    await writeFile(join(state, 'client.json'), JSON.stringify({ url: world.url, apiKey: key }), { mode: 0o600 });
    const kay = cliWith({ COUNTERSIGN_STATE_DIRECTORY: state });
    const rotated = await kay('keys', 'rotate', String(key).split('_').slice(0, 2).join('_'));
    expect(rotated).toMatchObject({ code: 0 });
    expect(await readFile(join(state, 'client.json'), 'utf8')).toContain(keyIn(rotated.out));
    expect(await kay('keys', 'list')).toMatchObject({ code: 0 });
  } finally {
    await rm(directory, { recursive: true });
  }
});

test('S3.9 a rule for the command line is met by a key made for it, and by nothing that a request says', async () => {
  const run = await root.startRun({});
  const approval = await run.pending();
  const path = `/v1/runs/${run.runId}/approvals/${approval.key}/decisions`;
  const body = { decision: 'approve', digest: approval.digest };
  const claimed = { 'x-channel': 'cli', 'countersign-channel': 'cli', 'user-agent': 'countersign-cli' };
  const refused = await root.request<{ code: string }>('POST', path, { body, headers: claimed });
  expect([refused.status, refused.body.code]).toEqual([403, 'channel_not_allowed']);
  const words = ['--principal', 'dora', '--role', 'approver', '--channel', 'cli'];
  const dora = cliWith({
    COUNTERSIGN_URL: world.url,
    COUNTERSIGN_API_KEY: keyIn((await cli('keys', 'create', ...words)).out),
  });
  const given = await dora('approvals', 'approve', `${run.runId}/${approval.key}`, '--digest', approval.digest);
  expect(given).toMatchObject({ code: 0 });
  await run.ends();
  expect(refund.calls).toHaveLength(1);
  const [decided] = (await run.events()).filter(({ type }) => type === 'approval.decided');
  expect(decided?.data).toMatchObject({ actor: { principal: 'dora', createdBy: 'root' }, channel: 'cli' });
});
