// A service that starts runs for people: they are the requester, and nobody gets past a second pair of eyes that way.
import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Run } from '../../src/contract/runs.ts';
import { StartCommand } from '../../src/domain/schemas/command.ts';
import { asksFor, recordingTool, says, testAgent } from '../../src/testing/index.ts';
import type { Person, StartedRun, World } from '../../src/testing/index.ts';
import { cliWith } from '../cli/run-cli.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { testWorld } from '../support/world.ts';

const refund = recordingTool('refund');

let world: World;
let bot: Person;
const people = new Map<string, Person>();
beforeAll(async () => {
  const rule = { id: 'other-eyes', match: 'refund', effect: 'ask', reason: 'Money.' } as const;
  const approvers = { approvals: 1, notRequester: true };
  const script = [asksFor('refund', { text: 'x' }), says('Done.')];
  world = await testWorld({ agents: [testAgent({ script, tools: [refund], policy: [{ ...rule, approvers }] })] });
  bot = await world.person('bot', { kind: 'service', roles: ['broker'], createdBy: 'root' });
  for (const name of ['bea', 'root', 'max']) people.set(name, await world.person(name));
});
afterAll(() => world[Symbol.asyncDispose]());

const BODY = { agent: 'helper', input: 'Begin.' };
const FOR_BEA = { ...BODY, requester: { principal: 'bea', groups: ['sales'] } };
const start = (who: Person, body: object, headers = {}) =>
  who.request<Run & { code: string }>('POST', '/v1/runs', { body, headers });
const as = (name: string, run: StartedRun): StartedRun => {
  const person = people.get(name);
  if (!person) throw new Error(`Nobody is called ${name}.`);
  return person.run(run.runId);
};

describe('a service with run.start_for', () => {
  test('S1.6 names the requester; they, the service and who made its key are the requester for notRequester', async () => {
    const { status, body } = await start(bot, FOR_BEA);
    expect([status, body.requester, body.startedBy]).toEqual([201, 'bea', 'bot']);
    const run = bot.run(body.runId);
    const approval = await run.pending();
    for (const name of ['bea', 'root']) {
      const refused = await as(name, run).decide(approval, 'approve');
      expect([name, refused.status, (refused.body as { code: string }).code]).toEqual([name, 403, 'self_approval']);
    }
    expect((await run.decide(approval, 'approve')).body).toMatchObject({ code: 'service_cannot_decide' });
    expect((await as('max', run).decide(approval, 'approve')).status).toBe(200);
    expect((await run.ends()).status).toBe('completed');
    expect(refund.calls).toHaveLength(1);
    const { rows } = await world.store.pool.query('select start_bytes from runs where run_id = $1', [run.runId]);
    expect(StartCommand.parse(JSON.parse(rows[0].start_bytes))).toMatchObject({
      requester: { principal: 'bea', groups: ['sales'] },
      contributors: ['bot', 'root'],
    });
    const directory = temporaryDirectory();
    try {
      const cli = cliWith({ COUNTERSIGN_URL: world.url, COUNTERSIGN_API_KEY: people.get('max')?.key ?? '' });
      const [file, trust] = [join(directory, 'run.jsonl'), join(directory, 'trust.json')];
      await cli('audit', 'export', run.runId, '--out', file);
      await cli('audit', 'trust', '--out', trust);
      expect(await cli('audit', 'verify', file, '--trust', trust)).toMatchObject({ code: 0 });
    } finally {
      rmSync(directory, { recursive: true });
    }
  }, 60_000);

  test('sees and cancels what it has started, and nothing else', async () => {
    const { body } = await start(bot, FOR_BEA);
    expect((await bot.request('GET', `/v1/runs/${body.runId}`)).status).toBe(200);
    expect((await bot.run(body.runId).cancel()).status).toBe(200);
    const own = await start(people.get('bea') as Person, BODY);
    expect((await bot.request('GET', `/v1/runs/${own.body.runId}`)).status).toBe(404);
  });

  test('the same key and body are one run; keys of service and requester never meet', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    const first = await start(bot, FOR_BEA, headers);
    expect((await start(bot, FOR_BEA, headers)).body.runId).toBe(first.body.runId);
    const other = await start(bot, { ...BODY, requester: { principal: 'max' } }, headers);
    expect([other.status, other.body.code]).toEqual([422, 'idempotency_mismatch']);
    const hers = await start(people.get('bea') as Person, BODY, headers);
    expect([hers.status, hers.body.runId === first.body.runId]).toEqual([201, false]);
  });
});

test('S1.6 whoever made the key that a run was started with counts as its requester', async () => {
  const puppet = await world.person('puppet', { createdBy: 'root' });
  const run = await puppet.startRun({});
  const approval = await run.pending();
  expect((await as('root', run).decide(approval, 'approve')).body).toMatchObject({ code: 'self_approval' });
  expect((await as('max', run).decide(approval, 'approve')).status).toBe(200);
});

test.each([
  ['a person, whatever their roles', { roles: ['broker', 'admin', 'requester'] as const }],
  ['a service without the role', { kind: 'service', roles: ['requester', 'admin'] as const } as const],
])('%s names nobody', async (_name, options) => {
  const who = await world.person(`p-${randomUUID()}`, options);
  const { status, body } = await start(who, FOR_BEA);
  expect([status, body.code]).toEqual([403, 'not_yours_to_name']);
});
