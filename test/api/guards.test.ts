/** People's words before they are used: over real HTTP, on real runs, with a moderation service on this machine. */
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { Approval } from '../../src/contract/approvals.ts';
import type { DecisionReceipt } from '../../src/contract/decisions.ts';
import type { Problem } from '../../src/contract/problem.ts';
import type { CommandedRun } from '../../src/contract/run-commands.ts';
import type { StartedRun as StartedRunView } from '../../src/contract/runs.ts';
import type { RuleInput } from '../../src/domain/policy/policy-schema.ts';
import { workflowId } from '../../src/domain/core/ids.ts';
import { asksFor, recordingTool, says, testAgent } from '../../src/testing/index.ts';
import type { Person, StartedRun, World } from '../../src/testing/index.ts';
import { failures, finds, startModeration } from '../support/moderation-server.ts';
import type { ModerationServer } from '../support/moderation-server.ts';
import { createReplica } from '../support/replica.ts';
import type { Replica } from '../support/replica.ts';
import { testWorld } from '../support/world.ts';

const CANARY = 'canary.of.ada@example.org';

const mail = recordingTool('mail', {
  input: z.strictObject({
    to: z.string().optional(),
    text: z.string().optional(),
    ids: z.array(z.number()).optional(),
  }),
});
const strict = recordingTool('strict', { input: z.strictObject({ to: z.email().optional() }) });
const stateful: RuleInput = {
  id: 'mail',
  match: 'mail',
  effect: 'ask',
  stateEditable: ['*'],
  allowedDecisions: ['approve', 'reject', 'edit', 'respond', 'request_changes'],
};
const never = { id: 'never', match: 'mail', when: 'has(args.to) && args.to == "[email]"', effect: 'deny' } as const;

/** What the models were sent. */
const prompts: string[] = [];
const heard = (text: string) => (request: object) => {
  prompts.push(JSON.stringify(request));
  return says(text);
};
const agents = [
  testAgent({
    name: 'mailer',
    script: [asksFor('mail', { text: 'hello' }), heard('Done.'), heard('Done.')],
    tools: [mail],
    policy: [stateful, never],
  }),
  testAgent({ name: 'strict', script: [asksFor('strict', {}), says('Done.')], tools: [strict] }),
  testAgent({ name: 'listener', script: [heard('Heard.')] }),
];

const logs: string[] = [];
const log = { write: (line: string) => void logs.push(line) };
let world: World;
let moderation: ModerationServer;
const replicas: Replica[] = [];
let flagging: Person;
let redacting: Person;
let blocking: Person;
let moderated: Person;
let lenient: Person;

beforeAll(async () => {
  moderation = await startModeration();
  world = await testWorld({ agents, logs: log });
  flagging = await world.person('ada');
  const speaks = async (guards: unknown): Promise<Person> => {
    const replica = await createReplica(world, { guards, logs: log });
    replicas.push(replica);
    return replica.speaksHere(flagging);
  };
  const { url } = moderation;
  redacting = await speaks({ pii: { action: 'redact', country: 'US' } });
  blocking = await speaks({ pii: { action: 'block' }, size: { limits: { reason: 20 } } });
  moderated = await speaks({ moderation: { url, timeoutMs: 300, places: { reason: 'redact' } } });
  lenient = await speaks({ moderation: { url, timeoutMs: 300, onFailure: 'allow' } });
});
afterAll(async () => {
  for (const replica of replicas) await replica[Symbol.asyncDispose]();
  await world?.[Symbol.asyncDispose]();
  await moderation?.[Symbol.asyncDispose]();
});

const begin = async (agent = 'mailer'): Promise<{ run: StartedRun; approval: Approval }> => {
  const run = await flagging.startRun({ agent });
  return { run, approval: await run.pending() };
};
const decide = (person: Person, { run, approval }: Awaited<ReturnType<typeof begin>>, body: object, key?: string) =>
  person.request<DecisionReceipt & Problem>('POST', `/v1/runs/${run.runId}/approvals/${approval.key}/decisions`, {
    body: { digest: approval.digest, ...body },
    ...(key !== undefined && { headers: { 'idempotency-key': key } }),
  });
const guarded = async (run: StartedRun) =>
  (await run.events()).flatMap(({ type, data }) =>
    type === 'text.guarded' ? [[data['guard'], data['action'], data['where'], data['count']]] : [],
  );
/** Nothing was decided, told or kept. */
async function expectUntouched({ run, approval }: Awaited<ReturnType<typeof begin>>): Promise<void> {
  expect(await run.approvals()).toMatchObject([{ status: 'pending', digest: approval.digest, votes: [] }]);
  expect(await guarded(run)).toEqual([]);
}

describe('S1.10 redacted', () => {
  test('an edit: what runs is what the guards have left, under its own digest; the person and the log are told', async () => {
    const given = await begin();
    const body = { decision: 'edit', arguments: { text: `Write to ${CANARY}, or (415) 555-2671.` }, reason: CANARY };
    const key = `edit-${given.run.runId}`;
    const answer = await decide(redacting, given, body, key);
    const guards = [
      {
        guard: 'pii',
        action: 'redact',
        places: [
          { where: 'reason', count: 1 },
          { where: 'arguments', count: 2 },
        ],
      },
    ];
    expect(answer).toMatchObject({ status: 200, body: { outcome: 'recorded', guards } });
    expect(await given.run.settles()).toMatchObject({ status: 'completed' });
    expect(mail.calls.at(-1)?.arguments).toEqual({ text: 'Write to [email], or [phone].' });
    expect(await guarded(given.run)).toEqual([
      ['pii', 'redact', 'reason', 1],
      ['pii', 'redact', 'arguments', 2],
    ]);
    const event = await given.run.event('approval.decided');
    expect(event.content).toMatchObject({ reason: '[email]', arguments: mail.calls.at(-1)?.arguments });
    const started = await given.run.event('tool.started');
    expect(started.data['digest']).toBe(answer.body.approval.digest);

    // The same again, wherever: the same answer, although this one would do otherwise today.
    for (const person of [redacting, blocking, flagging]) {
      const again = await decide(person, given, body, key);
      expect([again.status, again.body.decisionId, again.body.guards]).toEqual([200, answer.body.decisionId, guards]);
    }
    const other = await decide(redacting, given, { ...body, arguments: { text: 'Write to eve@example.org.' } }, key);
    expect(other).toMatchObject({ status: 422, body: { code: 'idempotency_mismatch' } });
    expect(await guarded(given.run)).toHaveLength(2);
  });

  test('redacted arguments pass schema and policy again', async () => {
    const given = await begin();
    const denied = await decide(redacting, given, { decision: 'edit', arguments: { to: CANARY } });
    expect(denied).toMatchObject({ status: 422, body: { code: 'policy_denied' } });
    await expectUntouched(given);
    const other = await begin('strict');
    const invalid = await decide(redacting, other, { decision: 'edit', arguments: { to: CANARY } });
    expect(invalid).toMatchObject({ status: 422, body: { code: 'invalid_arguments' } });
    await expectUntouched(other);
  });

  test('what cannot be redacted is refused: a number, a key', async () => {
    const given = await begin();
    const body = { decision: 'edit', arguments: { ids: [12, 4111111111111111] } };
    const refused = await decide(redacting, given, body);
    expect(refused).toMatchObject({ status: 422, body: { code: 'text_refused' } });
    expect(refused.body.errors).toEqual([{ in: 'body', pointer: '/arguments/ids/1', detail: 'pii: card' }]);
    const answer = await decide(redacting, given, { decision: 'respond', response: { [CANARY]: 1 } });
    expect(answer).toMatchObject({ status: 422, body: { code: 'text_refused' } });
    await expectUntouched(given);
  });

  test('an answer, a rejection and a comment: the model reads what is left', async () => {
    for (const [body, place] of [
      [{ decision: 'respond', response: `It is ${CANARY}` }, 'response'],
      [{ decision: 'reject', reason: `Ask ${CANARY}` }, 'reason'],
      [{ decision: 'request_changes', reason: `Write to ${CANARY}` }, 'reason'],
    ] as const) {
      const given = await begin();
      prompts.length = 0;
      expect(await decide(redacting, given, body)).toMatchObject({ status: 200, body: { guards: [{ guard: 'pii' }] } });
      await given.run.settles();
      expect(prompts.join()).toContain('[email]');
      expect(prompts.join()).not.toContain(CANARY);
      expect(await guarded(given.run)).toEqual([['pii', 'redact', place, 1]]);
    }
  });

  test('state edits: what is set is what is left', async () => {
    const given = await begin();
    const stateEdits = [{ path: 'customer', value: { mail: CANARY } }];
    const answer = await decide(redacting, given, { decision: 'approve', stateEdits });
    expect(answer).toMatchObject({ status: 200, body: { guards: [{ places: [{ where: 'state_edits', count: 1 }] }] } });
    expect(await given.run.settles()).toMatchObject({ state: { customer: { mail: '[email]' } } });
  });

  test('a note to a blocked run', async () => {
    const given = await begin();
    await given.run.block('Wait.');
    const path = `/v1/runs/${given.run.runId}/unblock`;
    const options = { body: { note: `Ask ${CANARY}` }, headers: { 'idempotency-key': given.run.runId } };
    const answer = await redacting.request<CommandedRun>('POST', path, options);
    expect(answer).toMatchObject({ status: 200, body: { guards: [{ places: [{ where: 'note', count: 1 }] }] } });
    const again = await flagging.request<CommandedRun>('POST', path, options);
    expect(again.body).toMatchObject({ outcome: 'already_recorded', guards: answer.body.guards });
    expect((await given.run.event('run.unblocked')).content).toMatchObject({ note: 'Ask [email]' });
  });

  test('input and state of a run; the same request again is the same run, and told the same', async () => {
    const body = { agent: 'listener', input: `Write to ${CANARY}`, state: { owner: CANARY } };
    const options = { body, headers: { 'idempotency-key': 'guarded-start' } };
    prompts.length = 0;
    const answer = await redacting.request<StartedRunView>('POST', '/v1/runs', options);
    const places = [
      { where: 'input', count: 1 },
      { where: 'state', count: 1 },
    ];
    expect(answer).toMatchObject({ status: 201, body: { guards: [{ guard: 'pii', action: 'redact', places }] } });
    const run = flagging.run(answer.body.runId);
    expect(await run.settles()).toMatchObject({ input: 'Write to [email]', state: { owner: '[email]' } });
    expect(prompts.join()).toContain('[email]');
    for (const person of [redacting, flagging, moderated]) {
      const again = await person.request<StartedRunView>('POST', '/v1/runs', options);
      expect([again.status, again.body.runId, again.body.guards]).toEqual([200, run.runId, answer.body.guards]);
    }
    const other = { ...options, body: { ...body, input: 'Write to eve@example.org' } };
    expect(await redacting.request('POST', '/v1/runs', other)).toMatchObject({ status: 422 });
  });

  test('items of a batch are told each', async () => {
    const given = await begin();
    const { approvalId, digest } = given.approval;
    const items = [{ approvalId, digest, decision: 'reject', reason: `Ask ${CANARY}` }];
    const answer = await redacting.request<{ data: unknown[] }>('POST', '/v1/decisions', { body: items });
    expect(answer.body.data).toMatchObject([{ status: 200, guards: [{ guard: 'pii', action: 'redact' }] }]);
  });
});

describe('S1.10 blocked', () => {
  test('refused with guard and place; nothing has happened, and the approval can still be decided', async () => {
    const given = await begin();
    const body = { decision: 'edit', arguments: { text: CANARY }, reason: `Ask ${CANARY}` };
    const refused = await decide(blocking, given, body, 'k-1');
    expect(refused).toMatchObject({ status: 422, body: { code: 'text_refused' } });
    expect(refused.body.errors).toEqual([{ in: 'body', pointer: '/reason', detail: 'size: cut' }]);
    const shorter = await decide(blocking, given, { ...body, reason: 'Ask.' });
    expect(shorter.body.errors).toEqual([{ in: 'body', pointer: '/arguments/text', detail: 'pii: email' }]);
    await expectUntouched(given);
    expect(await decide(blocking, given, { decision: 'approve' })).toMatchObject({ status: 200, body: { guards: [] } });
  });

  test('no run is started', async () => {
    const options = { body: { agent: 'listener', input: CANARY }, headers: { 'idempotency-key': 'blocked-start' } };
    expect(await blocking.request('POST', '/v1/runs', options)).toMatchObject({ status: 422 });
    const { rows } = await world.store.pool.query(`SELECT FROM runs WHERE idempotency_key = 'blocked-start'`);
    expect(rows).toEqual([]);
  });

  test('no guard keeps anybody from stopping a run: reasons to block and to cancel are for people only', async () => {
    const given = await begin();
    const path = `/v1/runs/${given.run.runId}`;
    const reason = 'Because grace@example.org has said so.';
    expect(await blocking.request('POST', `${path}/block`, { body: { reason } })).toMatchObject({ status: 200 });
    expect(await blocking.request('POST', `${path}/cancel`, { body: { reason } })).toMatchObject({ status: 200 });
  });
});

describe('S1.10 flagged, as everything is where nothing is configured', () => {
  test('it passes unchanged, and is told', async () => {
    const given = await begin();
    const body = { decision: 'respond', response: 'Ask grace@example.org' };
    const answer = await decide(flagging, given, body);
    expect(answer).toMatchObject({ status: 200, body: { guards: [{ guard: 'pii', action: 'flag' }] } });
    expect((await given.run.event('approval.decided')).content).toMatchObject({ response: 'Ask grace@example.org' });
    expect(await guarded(given.run)).toEqual([['pii', 'flag', 'response', 1]]);
  });
});

describe('S1.10 moderated', () => {
  test('what the service finds is blocked, or redacted where it says and where that is configured', async () => {
    moderation.answers = finds('idiot', { spans: true });
    const given = await begin();
    const refused = await decide(moderated, given, { decision: 'respond', response: 'You idiot' });
    expect(refused).toMatchObject({ status: 422, body: { code: 'text_refused' } });
    expect(refused.body.errors).toEqual([{ in: 'body', pointer: '/response', detail: 'moderation: harassment' }]);
    await expectUntouched(given);
    const answer = await decide(moderated, given, { decision: 'reject', reason: '😀 You idiot 😀' });
    expect(answer).toMatchObject({ status: 200, body: { guards: [{ guard: 'moderation', action: 'redact' }] } });
    expect((await given.run.event('approval.decided')).content).toMatchObject({ reason: '😀 You [harassment] 😀' });
  });

  test('it is asked once for each request, and not again for a repeat', async () => {
    moderation.answers = finds('idiot');
    const given = await begin();
    const before = moderation.asked.length;
    const body = { decision: 'reject', reason: 'You idiot', stateEdits: undefined };
    const first = await decide(moderated, given, body, `once-${given.run.runId}`);
    moderation.answers = failures['is broken'] ?? moderation.answers;
    const again = await decide(moderated, given, body, `once-${given.run.runId}`);
    expect([again.status, again.body.guards]).toEqual([200, first.body.guards]);
    expect(moderation.asked.slice(before)).toMatchObject([{ texts: [{ place: 'reason', text: 'You idiot' }] }]);
    expect((await given.run.event('approval.decided')).content).toMatchObject({ reason: '[harassment]' });

    moderation.answers = finds('idiot');
    const start = { body: { agent: 'listener', input: 'Hello.' }, headers: { 'idempotency-key': 'moderated-start' } };
    const started = await moderated.request<StartedRunView>('POST', '/v1/runs', start);
    moderation.answers = failures['is broken'] ?? moderation.answers;
    const restarted = await moderated.request<StartedRunView>('POST', '/v1/runs', start);
    expect([started.status, restarted.status, restarted.body.runId]).toEqual([201, 200, started.body.runId]);
  });

  test.each(Object.keys(failures))('the service %s: nothing passes, nothing has happened', async (failure) => {
    moderation.answers = failures[failure] ?? moderation.answers;
    const given = await begin();
    const refused = await decide(moderated, given, { decision: 'respond', response: 'Moderated canary' });
    expect(refused).toMatchObject({ status: 503, body: { code: 'guard_unavailable' } });
    expect(refused.headers.get('retry-after')).toBe('2');
    await expectUntouched(given);
    // Where the deployment says so, it passes, and everybody is told.
    const answer = await decide(lenient, given, { decision: 'respond', response: 'Yes.' });
    expect(answer).toMatchObject({ status: 200, body: { guards: [{ guard: 'moderation', action: 'skip' }] } });
    expect(await guarded(given.run)).toEqual([['moderation', 'skip', 'response', 1]]);
  });

  test('nobody is there', async () => {
    const replica = await createReplica(world, { guards: { moderation: { url: 'http://127.0.0.1:9/' } }, logs: log });
    replicas.push(replica);
    const given = await begin();
    const refused = await decide(replica.speaksHere(flagging), given, {
      decision: 'reject',
      reason: 'Moderated canary',
    });
    expect(refused).toMatchObject({ status: 503, body: { code: 'guard_unavailable' } });
    // A decision without words needs no guard.
    expect(await decide(replica.speaksHere(flagging), given, { decision: 'approve' })).toMatchObject({ status: 200 });
  });
});

test('S1.10 what was blocked or redacted is nowhere: no table, blob, event, log or history', async () => {
  const { rows: tables } = await world.store.pool.query<{ name: string }>(
    `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'`,
  );
  let rowsSeen = 0;
  for (const { name } of tables) {
    const { rows } = await world.store.pool.query<Record<string, unknown>>(`SELECT * FROM "${name}"`);
    for (const row of rows) {
      const text = Object.values(row)
        .map((value) => (Buffer.isBuffer(value) ? value.toString('utf8') : JSON.stringify(value)))
        .join(' ');
      expect(text).not.toContain('canary');
      rowsSeen += 1;
    }
  }
  expect(rowsSeen).toBeGreaterThan(100);
  expect(logs.join()).not.toContain('canary');
  expect(logs.join()).toContain('guard.inspection_failed');
  expect(prompts.join()).not.toContain('canary');

  const connection = await Connection.connect({ address: world.temporalAddress });
  const { workflow } = new Client({ connection });
  const { rows: runs } = await world.store.pool.query<{ run_id: string }>('SELECT run_id FROM runs');
  for (const { run_id: runId } of runs) {
    const history = await workflow.getHandle(workflowId({ ...world.scope, runId })).fetchHistory();
    const text = JSON.stringify(history, (_, value: unknown) =>
      value instanceof Uint8Array ? Buffer.from(value).toString('utf8') : value,
    );
    expect(text).not.toContain('canary');
  }
  await connection.close();
});
