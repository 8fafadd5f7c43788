// S3.11 Whatever a request says, in whatever place, no refusal says it back, and none tells of the inside.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Problem } from '../../src/contract/problem.ts';
import { createApiWorld } from './api-world.ts';
import type { Answer, ApiWorld } from './api-world.ts';
import { callRoute, everyRoute } from './every-route.ts';
import type { RouteCall } from './every-route.ts';

const MARK = 'zx81mark';
const HOSTILE = `<script>${MARK}</script>%0d%0aSet-Cookie:${MARK}`;
/** Whole words, where they are so short that an id could have them within it by chance. */
const INSIDE = /node_modules|\.ts:\d|\bat \w+ \(|postgres|drizzle|fastify|\bgrpc\b|\bECONN|SELECT /i;

let world: ApiWorld;
let routes: RouteCall[];
beforeAll(async () => {
  world = await createApiWorld({ limits: { approvalWaitMs: 20, decisionWaitMs: 50, bodyBytes: 5_000 } });
  const nobody = 'a'.repeat(26);
  const ids = {
    runId: `run_${nobody}`,
    decisionId: `dec_${nobody}`,
    brakeId: `brk_${nobody}`,
    bypassId: `byp_${nobody}`,
  };
  const more = {
    grantId: `grant_${nobody}`,
    delegationId: `dlg_${nobody}`,
    keyId: 'a'.repeat(16),
    taskId: `task_${nobody}`,
    sha256: '0f'.repeat(32),
    key: 'call_1_0',
    path: 'a.md',
    layer: 'project',
  };
  routes = await everyRoute(world, { ...ids, ...more });
});
afterAll(() => world[Symbol.asyncDispose]());

function expectNothingBack(name: string, { status, text, body, headers }: Answer<Problem>): void {
  // Where a 422 says which of the sender's own fields is wrong, it names it by pointer: the one way back.
  const errors = body?.errors?.map((error) => ({ ...error, pointer: '' }));
  const said = status === 422 ? JSON.stringify({ ...body, errors }) : text;
  const told = `${said}\n${JSON.stringify([...headers])}`;
  expect([name, told.includes(MARK)]).toEqual([name, false]);
  expect([name, INSIDE.exec(told)?.[0]]).toEqual([name, undefined]);
  expect([name, status]).not.toEqual([name, 500]);
  if (status >= 400) expect(headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
}

/** Headers that the API reads, each alone; then those that others are known to repeat, all at once. */
const READ = ['authorization', 'idempotency-key', 'last-event-id', 'prefer', 'if-none-match', 'countersign-project'];
const PASSED_OVER = [
  ...['origin', 'referer', 'user-agent', 'x-request-id', 'x-forwarded-for', 'x-forwarded-host', 'forwarded', 'cookie'],
  ...['traceparent', 'x-timezone', 'x-timestamp', 'date', 'if-modified-since', 'range', 'accept-language', 'accept'],
];
const hostile = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, HOSTILE]));

test('S3.11 hostile headers on every route: nothing comes back', async ({ annotate }) => {
  for (const route of routes) {
    for (const names of [...READ.map((name) => [name]), ['content-type'], PASSED_OVER]) {
      const key = names.includes('authorization') ? null : world.key;
      const answer = await callRoute(world, route, { key, headers: hostile(names) });
      expectNothingBack(`${route.operationId} ${names.join(' ')}`, answer);
    }
  }
  await annotate(`${routes.length} routes, ${READ.length + PASSED_OVER.length + 1} headers each`);
});

test('S3.11 hostile queries on every route: nothing comes back', async () => {
  const encoded = encodeURIComponent(HOSTILE);
  for (const route of routes) {
    for (const query of [
      `${MARK}=1`,
      `limit=${encoded}`,
      `cursor=${encoded}`,
      `status=${encoded}`,
      `after=${encoded}`,
      `label=${encoded}`,
    ]) {
      const answer = await callRoute(world, { ...route, path: `${route.path}?${query}` });
      expectNothingBack(`${route.operationId} ${query}`, answer);
    }
  }
});

test('S3.11 hostile ids in every path: nothing comes back', async () => {
  for (const route of routes.filter(({ pattern }) => pattern.includes('{'))) {
    const path = route.pattern.replaceAll(/\{\w+\}/g, encodeURIComponent(HOSTILE));
    expectNothingBack(`${route.operationId} path`, await callRoute(world, { ...route, path }));
  }
});

test('S3.11 hostile bodies on every route that takes one: nothing comes back', async () => {
  const bodies = [
    `{"${MARK}":1}`,
    `{"${MARK}"`,
    `["${MARK}"]`,
    `"${MARK}"`,
    MARK,
    `{"a":"${MARK}","a":"${MARK}"}`,
    `{"a":"${MARK.repeat(1_000)}"}`,
  ];
  for (const route of routes.filter(({ method }) => method !== 'GET')) {
    for (const raw of bodies) {
      const answer = await world.call(route.method, route.path, { raw });
      expectNothingBack(`${route.operationId} ${raw.slice(0, 30)}`, answer);
    }
    // Each field in turn holds what it must not.
    const example = route.body;
    if (typeof example !== 'object' || example === null || Array.isArray(example)) continue;
    for (const field of Object.keys(example)) {
      const value = { [MARK]: { deeper: [MARK] } };
      const answer = await callRoute(world, { ...route, body: { ...example, [field]: value } });
      if (answer.status >= 400) expectNothingBack(`${route.operationId} ${field}`, answer);
    }
  }
});

test('S3.11 what is malformed in a batch does not come back either', async () => {
  const body = [
    { approvalId: MARK, decision: MARK },
    { approvalId: `tool-approval:${MARK}:call_1_0`, decision: 'reject', [MARK]: 1 },
  ];
  const answer = await world.call('POST', '/v1/decisions', { body });
  expect(answer.status).toBe(200);
  expectNothingBack('a batch', answer);
});
