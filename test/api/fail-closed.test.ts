// Every route of the contract, with nothing configured, without a credential and with every kind of rubbish.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openApiDocument } from '../../src/api/openapi-document.ts';
import { everyRate } from '../../src/platform/rates.ts';
import { createApiWorld } from './api-world.ts';
import type { ApiWorld } from './api-world.ts';

interface Operation {
  readonly security?: readonly unknown[];
  readonly 'x-action'?: string;
}

const document = JSON.parse(await openApiDocument()) as { paths: Record<string, Record<string, Operation>> };
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
);
const guarded = operations.filter(({ operation }) => operation['x-action'] !== undefined);

/** Ids of the right form, so that nothing but the credential is at fault. */
const EXAMPLES: Readonly<Record<string, string>> = {
  runId: `run_${'a'.repeat(26)}`,
  key: 'call_1_0',
  keyId: 'a'.repeat(16),
  layer: 'project',
};
const urlOf = (path: string) =>
  path.replaceAll(/\{([^}]+)\}/g, (_all, name: string) => EXAMPLES[name] ?? `x_${'a'.repeat(26)}`);

const jwt = [{ alg: 'none' }, { sub: 'ada', roles: ['admin'], exp: 9_999_999_999 }]
  .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
  .join('.');

let world: ApiWorld;
beforeAll(async () => {
  // Refused credentials are counted by address: all of these come from one.
  world = await createApiWorld({ limits: { rates: everyRate(1_000_000) } });
});
afterAll(() => world[Symbol.asyncDispose]());

const TABLES = ['runs', 'commands', 'grants', 'brakes', 'delegations', 'policy_layers', 'audit_events', 'sessions'];
const written = async () => {
  const counts = TABLES.map((table) => `(select count(*)::int from ${table}) as ${table}`).join(', ');
  return (await world.store.pool.query(`select ${counts}`)).rows[0] as Record<string, number>;
};

test('a route is public by its own words, and those are few', () => {
  const open = operations.filter(({ operation }) => operation['x-action'] === undefined);
  expect(open.every(({ operation }) => operation.security?.length === 0)).toBe(true);
  expect(open.map(({ method, path }) => `${method} ${path}`).toSorted()).toEqual([
    'GET /.well-known/countersign-trust.json',
    'GET /.well-known/jwks.json',
    'GET /livez',
    'GET /readyz',
  ]);
  expect(guarded.length).toBeGreaterThan(45);
});

describe('S0.7 every route is 401 and nothing is written', () => {
  const headersOf: [string, Record<string, string>][] = [
    ['no credential', {}],
    ['an empty one', { authorization: '' }],
    ['a scheme without a credential', { authorization: 'Bearer ' }],
    ['rubbish', { authorization: 'Bearer abc' }],
    ['a key that nobody has', { authorization: `Bearer cs_${'a'.repeat(16)}_${'A'.repeat(43)}` }],
    ['a token, where no issuer is configured', { authorization: `Bearer ${jwt}.` }],
    ['basic authentication', { authorization: `Basic ${Buffer.from('ada:ada').toString('base64')}` }],
    ['a made-up session', { cookie: `countersign-session=ses_${'a'.repeat(26)}.${'A'.repeat(43)}` }],
    ['headers that proxies set', { 'x-forwarded-user': 'ada', 'x-remote-user': 'ada', 'x-forwarded-for': '127.0.0.1' }],
  ];

  test.each(headersOf)('with %s', async (_name, headers) => {
    const before = await written();
    for (const { method, path } of guarded) {
      const body = ['POST', 'PUT'].includes(method) ? { raw: '{}' } : {};
      const answer = await world.call(method, urlOf(path), { key: null, headers, ...body });
      expect([`${method} ${path}`, answer.status, answer.body?.code]).toEqual([
        `${method} ${path}`,
        401,
        'unauthenticated',
      ]);
    }
    expect(await written()).toEqual(before);
  });
});
