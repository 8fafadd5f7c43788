import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Key } from '../../src/contract/keys.ts';
import type { Session } from '../../src/contract/session.ts';
import { readAudit } from '../../src/store/audit-events.ts';
import { waitFor } from '../support/wait-for.ts';
import { createApiWorld, scope } from './api-world.ts';
import type { ApiWorld } from './api-world.ts';

let world: ApiWorld;
let origin: string;
beforeAll(async () => {
  world = await createApiWorld();
  origin = new URL(world.url).origin;
});
afterAll(() => world[Symbol.asyncDispose]());

const START = { agent: 'refunds', input: 'Refund order 7.' };
const COOKIE = 'countersign-session';

async function signIn(changes = {}) {
  const made = await world.newKey({ principal: 'grace', ...changes });
  const { status, headers, body } = await world.call<Session>('POST', '/v1/session', { key: made.key });
  expect(status).toBe(201);
  const setCookie = headers.get('set-cookie') ?? '';
  const cookie = setCookie.split(';')[0] ?? '';
  const ask = (headersOf = {}) =>
    world.call<Session>('GET', '/v1/session', { key: null, headers: { cookie, ...headersOf } });
  const start = (headersOf: Record<string, string>) =>
    world.call('POST', '/v1/runs', { key: null, headers: { cookie, ...headersOf }, body: START });
  return { ...made, session: body, setCookie, cookie, ask, start, own: { origin, 'countersign-csrf': body.csrfToken } };
}

const change = (sessionId: string, values: string) =>
  world.store.pool.query(`update sessions set ${values} where id = $1`, [sessionId]);
const isOver = (ask: () => Promise<{ status: number }>) => async () => (await ask()).status === 401;

describe('S0.7 signing in', () => {
  test('gives a cookie that scripts cannot read and other sites do not send, and keeps its secret nowhere', async () => {
    const { session, setCookie, cookie, ask, id } = await signIn({ groups: ['legal'] });
    expect(setCookie).toMatch(
      new RegExp(`^${COOKIE}=ses_[a-z2-7]{16}\\.[\\w-]{43}; Max-Age=43200; Path=/; HttpOnly; SameSite=Strict$`),
    );
    expect(session).toMatchObject({ principal: 'grace', ...scope, groups: ['legal'], idleSeconds: 1_800 });
    const { status, body } = await ask();
    expect([status, body]).toEqual([200, session]);
    const secret = cookie.split('.')[1] ?? '';
    const { rows } = await world.store.pool.query('select row_to_json(s)::text as row from sessions s');
    expect(JSON.stringify([rows, world.logLines])).not.toContain(secret);
    const told = (await readAudit(world.store, scope.tenant, { after: 0, limit: 1_000 })).at(-1);
    expect(told).toMatchObject({
      type: 'session.started',
      actor: { principal: 'grace', credentialId: id },
      data: { sessionId: session.sessionId, credentialId: id },
    });
  });

  test('is for people, and not by another session', async () => {
    const { key } = await world.newKey({ kind: 'service' });
    expect((await world.call('POST', '/v1/session', { key })).body.code).toBe('service_cannot_decide');
    const { cookie, own } = await signIn();
    const again = await world.call('POST', '/v1/session', { key: null, headers: { cookie, ...own } });
    expect([again.status, again.headers.get('set-cookie')]).toEqual([401, null]);
  });

  test('behind TLS the cookie is of this host alone, and the other name counts for nothing', async () => {
    await using secure = await createApiWorld({ dependencies: { allowedHosts: ['countersign.example'] } });
    const { headers } = await secure.call('POST', '/v1/session');
    const setCookie = headers.get('set-cookie') ?? '';
    expect(setCookie).toMatch(/^__Host-countersign-session=ses_.*; Path=\/; HttpOnly; Secure; SameSite=Strict$/);
    expect(setCookie).not.toContain('Domain');
    const value = setCookie.split(';')[0]?.split('=')[1];
    const statusWith = async (cookie: string) =>
      (await secure.call('GET', '/v1/session', { key: null, headers: { cookie } })).status;
    expect(await statusWith(`__Host-countersign-session=${value}`)).toBe(200);
    expect(await statusWith(`countersign-session=${value}`)).toBe(401);
  });
});

describe('S0.7 a request by cookie that changes something', () => {
  test.each<[string, (own: Record<string, string>) => Record<string, string>]>([
    ['without the token', ({ origin: from = '' }) => ({ origin: from })],
    ['with another token', ({ origin: from = '' }) => ({ origin: from, 'countersign-csrf': 'A'.repeat(43) })],
    ['that does not say where it comes from', ({ origin: _, ...own }) => own],
    ['from another origin', (own) => ({ ...own, origin: 'https://evil.example' })],
    ['from another port of this host', (own) => ({ ...own, origin: 'http://127.0.0.1:1' })],
    ['from nowhere', (own) => ({ ...own, origin: 'null' })],
    ['from another site', (own) => ({ ...own, 'sec-fetch-site': 'cross-site' })],
    ['from a sibling of this site', (own) => ({ ...own, 'sec-fetch-site': 'same-site' })],
  ])('%s is 403 and changes nothing', async (_name, headersOf) => {
    const { own, start } = await signIn();
    const before = world.gateway.starts.length;
    const { status, body } = await start(headersOf(own));
    expect([status, body.code]).toEqual([403, 'forged_request']);
    expect(world.gateway.starts).toHaveLength(before);
  });

  test('from a page of ours is let in; it comes in by the channel of the inbox', async () => {
    const { own, start, id } = await signIn();
    expect((await start(own)).status).toBe(201);
    expect((await start({ 'countersign-csrf': own['countersign-csrf'], 'sec-fetch-site': 'same-origin' })).status).toBe(
      201,
    );
    const jws = world.gateway.starts.at(-1)?.start.jws ?? '';
    expect(JSON.parse(Buffer.from(jws.split('.')[1] ?? '', 'base64url').toString())).toMatchObject({
      channel: 'inbox',
      actor: { principal: 'grace', credentialId: id },
    });
  });

  test('a key in the same request counts, and the cookie does not', async () => {
    const { cookie, key } = await signIn();
    const both = (withKey: string) =>
      world.call('POST', '/v1/runs', { key: withKey, headers: { cookie }, body: START });
    expect((await both(key)).status).toBe(201);
    expect((await both('rubbish')).status).toBe(401);
  });
});

describe('S0.7 a session ends', () => {
  test('by signing out, which is told', async () => {
    const { session, cookie, own, ask } = await signIn();
    const end = () => world.call('DELETE', '/v1/session', { key: null, headers: { cookie, ...own } });
    const { status, headers } = await end();
    expect(status).toBe(200);
    expect(headers.get('set-cookie')).toContain(`${COOKIE}=; `);
    await waitFor('it is over', isOver(ask), { timeoutMs: 1_000 });
    expect((await end()).status).toBe(401);
    const told = (await readAudit(world.store, scope.tenant, { after: 0, limit: 1_000 })).filter(
      ({ data }) => data['sessionId'] === session.sessionId,
    );
    expect(told.map(({ type }) => type)).toEqual(['session.started', 'session.ended']);
  });

  test('with its key: when that is revoked, rotated or expired', async () => {
    const revoked = await signIn();
    await world.call<Key>('POST', `/v1/keys/${revoked.id}/revoke`);
    await waitFor('it is over', isOver(revoked.ask), { timeoutMs: 1_000 });
    const rotated = await signIn();
    await world.call('POST', `/v1/keys/${rotated.id}/rotate`);
    await waitFor('it is over', isOver(rotated.ask), { timeoutMs: 1_000 });
    const expiring = await signIn({ expiresAt: Date.now() + 3_600_000 });
    expect(Date.parse(expiring.session.expiresAt)).toBeLessThanOrEqual(Date.now() + 3_600_000);
  });

  test('by itself: after twelve hours, or half an hour without a request', async () => {
    const old = await signIn();
    await change(old.session.sessionId, `expires_at = ${Date.now() - 1}`);
    expect((await old.ask()).status).toBe(401);
    const idle = await signIn();
    await change(idle.session.sessionId, `last_used_at = ${Date.now() - 29 * 60_000}`);
    expect((await idle.ask()).status).toBe(200);
    await waitFor('the use is noted', async () => {
      const { rows } = await world.store.pool.query('select last_used_at as at from sessions where id = $1', [
        idle.session.sessionId,
      ]);
      return Date.now() - rows[0].at < 60_000;
    });
    const forgotten = await signIn();
    await change(forgotten.session.sessionId, `last_used_at = ${Date.now() - 31 * 60_000}`);
    expect((await forgotten.ask()).status).toBe(401);
  });

  test('a changed cookie is none', async () => {
    const { cookie } = await signIn();
    const { status } = await world.call('GET', '/v1/session', {
      key: null,
      headers: { cookie: `${cookie.slice(0, -1)}_` },
    });
    expect(status).toBe(401);
  });
});

describe('S0.7 open streams', () => {
  const CHECK_MS = 100;
  let quick: ApiWorld;
  beforeAll(async () => {
    quick = await createApiWorld({ limits: { callerCheckMs: CHECK_MS } });
  });
  afterAll(() => quick[Symbol.asyncDispose]());

  /** An open stream, and what it says until it ends. */
  async function openStream(of: ApiWorld, key: string): Promise<{ text: Promise<string> }> {
    const { body } = await of.call<{ runId: string }>('POST', '/v1/runs', { key, body: START });
    const response = await fetch(`${of.url}/v1/runs/${body.runId}/events`, {
      headers: { authorization: `Bearer ${key}`, accept: 'text/event-stream' },
    });
    expect(response.status).toBe(200);
    return { text: response.text() };
  }
  const ACCESS_ENDED = /event: stream.closed\ndata: .*"code":"access_ended","problem":"unauthenticated"/;

  test('end at once when their key is revoked', async () => {
    const { key, id } = await world.newKey();
    const { text } = await openStream(world, key);
    await world.call('POST', `/v1/keys/${id}/revoke`);
    expect(await text).toMatch(ACCESS_ENDED);
  }, 10_000);

  test.each([
    ['expires', `expires_at = 1`],
    ['is revoked by a hand that tells nobody', `revoked_at = 1`],
  ])(
    'end at the next check when their key %s',
    async (_name, values) => {
      const { key, id } = await quick.newKey();
      const { text } = await openStream(quick, key);
      await quick.store.pool.query(`update credentials set ${values} where id = $1`, [id]);
      expect(await text).toMatch(ACCESS_ENDED);
    },
    10_000,
  );

  test('of others go on', async () => {
    const [one, two] = [await quick.newKey(), await quick.newKey()];
    let isOpen = true;
    void (await openStream(quick, two.key)).text.then(() => (isOpen = false));
    const { text } = await openStream(quick, one.key);
    await quick.call('POST', `/v1/keys/${one.id}/revoke`);
    expect(await text).toMatch(ACCESS_ENDED);
    expect(isOpen).toBe(true);
  }, 10_000);
});
