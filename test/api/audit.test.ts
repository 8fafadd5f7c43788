import { HTTP } from 'cloudevents';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { EventLine, ExportHeader } from '../../src/domain/evidence/export-lines.ts';
import { ExportVerifier } from '../../src/domain/evidence/verify-export.ts';
import { verifySignature } from '../../src/platform/verify-signature.ts';
import type { Person, World } from '../../src/testing/index.ts';
import { refundOrder } from '../support/agents/refund-order.ts';
import { testWorld } from '../support/world.ts';

let world: World;
let anna: Person;
let runId: string;
beforeAll(async () => {
  world = await testWorld({ agents: [refundOrder()] });
  anna = await world.person('anna');
  const run = await anna.startRun({});
  const approval = await run.pending();
  await run.decide(approval, 'approve', { reason: 'It is right.' });
  await run.ends();
  ({ runId } = run);
});
afterAll(() => world[Symbol.asyncDispose]());

const fetchAudit = async (path: string, accept = 'application/jsonl', { key }: Person = anna) => {
  const response = await fetch(new URL(path, world.url), { headers: { accept, authorization: `Bearer ${key}` } });
  return { status: response.status, headers: response.headers, text: await response.text() };
};

const linesOf = (text: string): readonly string[] => text.split('\n').filter((line) => line !== '');

const verified = async (path: string) => {
  const trust = await anna.request<{ audience: string; anchors: string[] }>(
    'GET',
    '/.well-known/countersign-trust.json',
  );
  const verifier = new ExportVerifier({ trust: { ...trust.body, verify: verifySignature } });
  for (const line of linesOf((await fetchAudit(path)).text)) verifier.line(line);
  return verifier.finish().report;
};

describe('GET /v1/runs/{runId}/audit', () => {
  test('gives the whole chain with the signed commands, and it verifies', async () => {
    const run = await anna.run(runId).get();
    expect(await verified(`/v1/runs/${runId}/audit`)).toMatchObject({
      ok: true,
      faults: [],
      notes: [],
      header: { kind: 'run', tenant: 'acme', project: 'web', rootRunId: runId },
      head: { seq: run.eventSeq, hash: run.headHash },
      counts: { commands: 2, decisions: 1, dispatches: { consent: 1 } },
    });
  });

  test('a run that is not over yet can be exported as it is', async () => {
    const run = await anna.startRun({});
    await run.pending();
    expect(await verified(`/v1/runs/${run.runId}/audit`)).toMatchObject({ ok: true, counts: { decisions: 0 } });
  });

  test('is a download that nobody keeps or interprets', async () => {
    const { headers } = await fetchAudit(`/v1/runs/${runId}/audit`);
    expect(headers.get('content-type')).toBe('application/jsonl');
    expect(headers.get('content-disposition')).toBe(`attachment; filename="${runId}.jsonl"`);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
  });

  test('holds no content: neither arguments, nor reasons, nor messages', async () => {
    const { text } = await fetchAudit(`/v1/runs/${runId}/audit`);
    for (const content of ['It is right.', 'Begin.', 'Done.']) expect(text).not.toContain(content);
  });

  test('as CloudEvents, one a line: the official SDK reads each', async () => {
    const { headers, text } = await fetchAudit(`/v1/runs/${runId}/audit`, 'application/cloudevents+json');
    expect(headers.get('content-type')).toBe('application/cloudevents+json');
    const events = linesOf(text).map((body) =>
      HTTP.toEvent({ headers: { 'content-type': 'application/cloudevents+json' }, body }),
    );
    const run = await anna.run(runId).get();
    expect(events.at(0)).toMatchObject({
      type: 'countersign.run.started',
      subject: runId,
      sequence: '1',
      specversion: '1.0',
    });
    expect(events.filter((event) => 'chainhash' in event)).toHaveLength(run.eventSeq);
    expect(events.at(-1)).toMatchObject({ type: 'countersign.command.signed', subject: runId });
  });

  test('as one batch of CloudEvents', async () => {
    const { headers, text } = await fetchAudit(`/v1/runs/${runId}/audit`, 'application/cloudevents-batch+json');
    expect(headers.get('content-type')).toBe('application/cloudevents-batch+json');
    const events = HTTP.toEvent({ headers: { 'content-type': 'application/cloudevents-batch+json' }, body: text });
    const { eventSeq } = await anna.run(runId).get();
    expect(events).toHaveLength(eventSeq + 2);
  });

  test('whoever accepts anything gets what can be verified', async () => {
    const { headers } = await fetchAudit(`/v1/runs/${runId}/audit`, 'text/html, */*;q=0.1');
    expect(headers.get('content-type')).toBe('application/jsonl');
  });

  test("others' runs and unknown ones are 404 alike", async () => {
    const stranger = await world.person('stranger', { roles: ['requester'] });
    const elsewhere = await world.person('anna', { tenant: 'other' });
    const answers = await Promise.all([
      fetchAudit(`/v1/runs/${runId}/audit`, 'application/jsonl', stranger),
      fetchAudit(`/v1/runs/${runId}/audit`, 'application/jsonl', elsewhere),
      fetchAudit(`/v1/runs/run_${'a'.repeat(26)}/audit`),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([404, 404, 404]);
  });
});

describe('GET /v1/audit', () => {
  const bodies = async (): Promise<{ header: ExportHeader; events: Record<string, unknown>[] }> => {
    const [header = '', ...lines] = linesOf((await fetchAudit('/v1/audit')).text);
    const events = lines.map((line) => JSON.parse(line) as EventLine).filter(({ type }) => type === 'event');
    return { header: JSON.parse(header), events: events.map(({ body }) => JSON.parse(body)) };
  };

  test('the chain of the tenant verifies', async () => {
    expect(await verified('/v1/audit')).toMatchObject({
      ok: true,
      faults: [],
      header: { kind: 'tenant', tenant: 'acme' },
    });
  });

  test("tells of each run's start and end, with its head", async () => {
    const { eventSeq, headHash } = await anna.run(runId).get();
    const { events } = await bodies();
    const ofRun = events.filter(({ data }) => (data as { runId?: string }).runId === runId);
    expect(ofRun).toMatchObject([
      { type: 'run.started', data: { requester: 'anna' } },
      { type: 'run.ended', data: { status: 'completed', head: { seq: eventSeq, hash: headHash } } },
    ]);
  });

  test('each export is told, with who took it, and the last is its own', async () => {
    await fetchAudit(`/v1/runs/${runId}/audit`);
    const { events } = await bodies();
    expect(events.slice(-2)).toMatchObject([
      { type: 'audit.exported', actor: { principal: 'anna' }, data: { rootRunId: runId, format: 'jsonl' } },
      { type: 'audit.exported', actor: { principal: 'anna' }, data: { tenant: 'acme' } },
    ]);
  });

  test.each([
    ['requester', 403],
    ['approver', 403],
    ['operator', 403],
    ['auditor', 200],
    ['admin', 200],
  ] as const)('%s: %i', async (role, status) => {
    const person = await world.person(`some-${role}`, { roles: [role] });
    expect((await fetchAudit('/v1/audit', 'application/jsonl', person)).status).toBe(status);
  });
});

test('without a credential there is no evidence, but the keys to check it', async () => {
  const statusOf = async (path: string) => (await fetch(new URL(path, world.url))).status;
  expect(await statusOf(`/v1/runs/${runId}/audit`)).toBe(401);
  expect(await statusOf('/v1/audit')).toBe(401);
  expect(await statusOf('/.well-known/countersign-trust.json')).toBe(200);
});
