import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createApiWorld } from './api-world.ts';
import type { ApiWorld } from './api-world.ts';

let world: ApiWorld;
beforeAll(async () => {
  world = await createApiWorld({ limits: { bodyBytes: 20_000 } });
});
afterAll(() => world[Symbol.asyncDispose]());

const RUN = 'run_aaaaaaaaaaaaaaaaaaaaaaaaaa';
const CANARY = 'canary-6f1c';
const start = { agent: 'refunds', input: `Refund order 7. ${CANARY}` };

const runCount = async () => (await world.store.pool.query('select count(*)::int as n from runs')).rows[0].n as number;

describe('S0.6 bodies', () => {
  test.each<[string, string, string, number]>([
    ['malformed JSON', `{"agent":"refunds","input":"${CANARY}"`, 'malformed_json', 400],
    ['no JSON at all', CANARY, 'malformed_json', 400],
    ['duplicate keys', `{"agent":"refunds","agent":"refunds","input":"${CANARY}"}`, 'malformed_json', 400],
    ['a NUL character', `{"agent":"refunds","input":"${CANARY}\\u0000"}`, 'malformed_json', 400],
    ['a lone surrogate', `{"agent":"refunds","input":"${CANARY}\\ud800"}`, 'malformed_json', 400],
    ['__proto__', `{"agent":"refunds","input":"${CANARY}","__proto__":{}}`, 'malformed_json', 400],
    ['an empty body', '', 'invalid_request', 400],
    ['null', 'null', 'invalid_request', 400],
    ['an array', '[]', 'invalid_request', 400],
    ['a missing field', '{"agent":"refunds"}', 'invalid_request', 400],
    ['an empty input', '{"agent":"refunds","input":""}', 'invalid_request', 400],
    ['a blank input', '{"agent":"refunds","input":" \\n\\t"}', 'invalid_request', 400],
    ['an unknown field', `{"agent":"refunds","input":"x","${CANARY}":1}`, 'invalid_request', 400],
    ['a wrong type', `{"agent":"refunds","input":{"a":"${CANARY}"}}`, 'invalid_request', 400],
    ['an agent name of another form', `{"agent":"${CANARY}/../X","input":"x"}`, 'invalid_request', 400],
    [
      'a label name of another form',
      `{"agent":"refunds","input":"x","labels":{"${CANARY} X":"1"}}`,
      'invalid_request',
      400,
    ],
    ['an unknown agent', `{"agent":"${CANARY}","input":"x"}`, 'unknown_agent', 422],
    ['a body over the limit', JSON.stringify({ ...start, input: CANARY.repeat(5_000) }), 'payload_too_large', 413],
  ])('%s: a problem, nothing made, nothing reflected, nothing logged', async (_name, raw, code, status) => {
    const before = await runCount();
    const answer = await world.call('POST', '/v1/runs', { raw });
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect(answer.body).toMatchObject({
      type: `/docs/errors/${code}`,
      status,
      requestId: expect.stringMatching(/^req_/),
    });
    expect(answer.body.next.length).toBeGreaterThan(10);
    expect(answer.text).not.toContain(CANARY);
    expect(answer.text).not.toMatch(/node_modules|\.ts:|at \w+ \(/);
    expect(await runCount()).toBe(before);
    expect(world.gateway.starts).toEqual([]);
    expect(world.logLines.join('')).not.toContain(CANARY);
  });

  test('an invalid request is told where and by which rule', async () => {
    const { body } = await world.call('POST', '/v1/runs', { body: { agent: 'refunds', inptu: 'x' } });
    expect(body.errors).toEqual([
      { in: 'body', pointer: '/input', detail: 'is required' },
      {
        in: 'body',
        pointer: '',
        detail: expect.stringMatching(/^has an unknown field; the fields are: agent, input, conversationId, .*labels$/),
      },
    ]);
  });

  test.each([
    ['text/plain', 'agent=refunds'],
    ['application/x-www-form-urlencoded', 'agent=refunds'],
    ['application/xml', '<a/>'],
  ])('media type %s is 415', async (type, raw) => {
    const { status, body } = await world.call('POST', '/v1/runs', { raw, headers: { 'content-type': type } });
    expect([status, body.code]).toEqual([415, 'unsupported_media_type']);
  });

  test('bytes that are not UTF-8 are refused', async () => {
    const response = await fetch(`${world.url}/v1/runs`, {
      method: 'POST',
      headers: { authorization: `Bearer ${world.key}`, 'content-type': 'application/json' },
      body: Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]),
    });
    expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([400, 'malformed_json']);
  });
});

describe('S0.6 queries, ids and headers', () => {
  test.each([
    ['/v1/runs?status=sleeping', 'invalid_request'],
    ['/v1/runs?colour=red', 'invalid_request'],
    ['/v1/runs?limit=0', 'invalid_request'],
    ['/v1/runs?limit=101', 'invalid_request'],
    ['/v1/runs?limit=ten', 'invalid_request'],
    ['/v1/runs?status=running&status=failed', 'invalid_request'],
    ['/v1/runs?cursor=zzz', 'invalid_cursor'],
    ['/v1/runs?label=novalue', 'invalid_request'],
    ['/v1/approvals?status=open', 'invalid_request'],
    ['/v1/approvals?risk=huge', 'invalid_request'],
    ['/v1/approvals?order=size', 'invalid_request'],
    ['/v1/approvals?claimedBy=x', 'invalid_request'],
    ['/v1/runs/7', 'invalid_request'],
    ['/v1/runs/RUN_AAAAAAAAAAAAAAAAAAAAAAAAAA', 'invalid_request'],
    [`/v1/runs/${RUN}/approvals/first`, 'invalid_request'],
    ['/v1/runs/%zz', 'malformed_request'],
    [`/v1/runs/${'a'.repeat(400)}`, 'invalid_request'],
  ])('GET %s is 400', async (path, code) => {
    const { status, body } = await world.call('GET', path);
    expect([status, body.code]).toEqual([400, code]);
  });

  test.each([`/v1/runs/${RUN}`, `/v1/runs/${RUN}/events`, `/v1/runs/${RUN}/approvals`, `/v1/runs/${RUN}/artifacts`])(
    'GET %s of a run that is not there is 404',
    async (path) => {
      const { status, body } = await world.call('GET', path);
      expect([status, body.code]).toEqual([404, 'run_not_found']);
    },
  );

  test.each(['-1', 'NaN', '1.5', '1e3', '99999999999999999999', '0x1', ' 1'])('after=%s is 400', async (after) => {
    const { body: run } = await world.call<{ runId: string }>('POST', '/v1/runs', { body: start });
    const query = await world.call('GET', `/v1/runs/${run.runId}/events?after=${encodeURIComponent(after)}`);
    expect([query.status, query.body.code]).toEqual([400, 'invalid_request']);
    if (after === ' 1') return; // Header values come trimmed.
    const header = await world.call('GET', `/v1/runs/${run.runId}/events`, { headers: { 'last-event-id': after } });
    expect([header.status, header.body.code]).toEqual([400, 'invalid_request']);
    expect(header.text).not.toContain(`"${after}"`);
  });

  test('after beyond the end is 400 and names the end', async () => {
    const { body: run } = await world.call<{ runId: string }>('POST', '/v1/runs', { body: start });
    const { status, body } = await world.call('GET', `/v1/runs/${run.runId}/events?after=5`);
    expect([status, body.code, body.eventSeq]).toEqual([400, 'after_beyond_end', 0]);
  });

  test.each(['', ' ', 'ä', 'a'.repeat(256)])('Idempotency-Key "%s" is 400', async (key) => {
    const headers = { 'idempotency-key': Buffer.from(key).toString('latin1') };
    const { status, body } = await world.call('POST', '/v1/runs', { body: start, headers });
    expect([status, body.code]).toEqual([400, 'invalid_request']);
  });
});

describe('methods', () => {
  test.each([
    ['DELETE', '/v1/runs', 'GET, HEAD, POST, OPTIONS'],
    ['PUT', `/v1/runs/${RUN}`, 'GET, HEAD, OPTIONS'],
    ['GET', `/v1/runs/${RUN}/cancel`, 'POST, OPTIONS'],
    ['PATCH', `/v1/runs/${RUN}/approvals/call_1_0/decisions`, 'POST, OPTIONS'],
    ['QUERY', '/v1/runs', 'GET, HEAD, POST, OPTIONS'],
  ])('%s %s is 405 with Allow', async (method, path, allow) => {
    const { status, body, headers } = await world.call(method, path);
    expect([status, body.code, headers.get('allow')]).toEqual([405, 'method_not_allowed', allow]);
  });

  test('OPTIONS tells the methods', async () => {
    const { status, headers } = await world.call('OPTIONS', '/v1/runs');
    expect([status, headers.get('allow')]).toEqual([204, 'GET, HEAD, POST, OPTIONS']);
  });

  test('an unknown path is 404', async () => {
    const { status, body } = await world.call('GET', `/v1/${CANARY}`);
    expect([status, body.code]).toEqual([404, 'route_not_found']);
    expect(JSON.stringify(body)).not.toContain(CANARY);
  });

  test('HEAD answers like GET without a body', async () => {
    const { body: run } = await world.call<{ runId: string }>('POST', '/v1/runs', { body: start });
    for (const path of ['/v1/runs', `/v1/runs/${run.runId}`, `/v1/runs/${run.runId}/events`]) {
      const { status, text } = await world.call('HEAD', path);
      expect([status, text]).toEqual([200, '']);
    }
    const stream = await world.call('HEAD', `/v1/runs/${run.runId}/events`, {
      headers: { accept: 'text/event-stream' },
    });
    expect([stream.status, stream.headers.get('content-type')]).toEqual([200, 'text/event-stream; charset=utf-8']);
  });
});

describe('what is no HTTP', () => {
  const send = (text: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const { hostname, port } = new URL(world.url);
      let answer = '';
      const socket = connect(Number(port), hostname, () => socket.write(text));
      socket.setEncoding('utf8').on('data', (chunk: string) => (answer += chunk));
      socket.on('close', () => resolve(answer)).on('error', reject);
    });

  test('a request line of nonsense is 400', async () => {
    const answer = await send(`${CANARY}\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer).toContain('"code":"malformed_request"');
    expect(answer).not.toContain(CANARY);
  });

  test('headers without end are 431', async () => {
    const answer = await send(`GET /livez HTTP/1.1\r\nHost: localhost\r\nX: ${'a'.repeat(20_000)}\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 431 /);
    expect(answer).toContain('"code":"headers_too_large"');
  });
});

test('security headers are on every answer', async () => {
  for (const path of ['/v1/runs', '/v1/none', '/livez']) {
    const { headers } = await world.call('GET', path);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(headers.get('x-request-id')).toMatch(/^req_[a-z2-7]{26}$/);
  }
});
