// Tokens of an identity provider, proved by keys that a real HTTP server publishes.
import { createHmac } from 'node:crypto';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Approval } from '../../src/contract/approvals.ts';
import type { Run } from '../../src/contract/runs.ts';
import { TokenConfig } from '../../src/platform/tokens/token-config.ts';
import { createTokenVerifier } from '../../src/platform/tokens/token-verifier.ts';
import { CommandClaims } from '../../src/domain/schemas/command.ts';
import { startIdentityProvider } from '../support/identity-provider.ts';
import type { IdentityProvider, TokenOptions } from '../support/identity-provider.ts';
import { waitFor } from '../support/wait-for.ts';
import { everyRate } from '../../src/platform/rates.ts';
import { createApiWorld, scope } from './api-world.ts';
import type { ApiWorld } from './api-world.ts';
import { scriptedRun } from './run-script.ts';

const MAX_AGE_MS = 1_000;
const GROUPS = { groups: ['staff', 'approvers', 'money'] };

let provider: IdentityProvider;
let world: ApiWorld;
const logLines: string[] = [];
beforeAll(async () => {
  provider = await startIdentityProvider();
  const { issuer, jwksUrl } = provider;
  const config = TokenConfig.parse({
    issuers: [
      {
        issuer,
        audience: 'countersign',
        jwksUrl,
        algorithms: ['ES256'],
        clockToleranceSeconds: 5,
        principal: { prefix: 'idp:', map: { 'u-ada': 'ada' } },
        kind: { claim: 'kind', persons: ['human'] },
        tenant: { claim: 'org', map: { 'Acme Ltd': scope.tenant } },
        projects: { always: [scope.project] },
        roles: { claim: 'groups', map: { staff: ['requester'], approvers: ['approver'] } },
        groups: { claim: 'groups', map: { money: ['finance'] } },
      },
    ],
  });
  const logger = pino({ level: 'debug' }, { write: (line: string) => void logLines.push(line) });
  const fetching = { timeoutMs: 300, maxAgeMs: MAX_AGE_MS, cooldownMs: 0 };
  world = await createApiWorld({
    limits: { rates: everyRate(1_000_000) },
    dependencies: { tokens: createTokenVerifier(config, logger, fetching) },
  });
});
afterAll(async () => {
  await world[Symbol.asyncDispose]();
  await provider[Symbol.asyncDispose]();
});
afterEach(() => {
  provider.answer = 'keys';
});

const tokenOf = ({ claims = {}, ...options }: TokenOptions = {}) =>
  provider.token({ claims: { org: 'Acme Ltd', kind: 'human', ...GROUPS, ...claims }, ...options });
const ask = (key: string) => world.call<{ code: string }>('GET', '/v1/agents', { key });
const isLetIn = async (key: string) => (await ask(key)).status === 200;
const START = { agent: 'refunds', input: 'Refund order 7.' };
const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

describe('S0.7 a token of the provider', () => {
  test('speaks for its principal, with the roles and groups that the configuration gives', async () => {
    const key = await tokenOf();
    const { status, body } = await world.call<Run>('POST', '/v1/runs', { key, body: START });
    expect([status, body.requester]).toEqual([201, 'idp:u-1']);
    const start = world.gateway.starts.at(-1)?.start;
    const payload = JSON.parse(Buffer.from(start?.jws.split('.')[1] ?? '', 'base64url').toString());
    expect(CommandClaims.parse(payload)).toMatchObject({
      actor: { principal: 'idp:u-1', kind: 'person', groups: ['finance'] },
      channel: 'api',
    });
    expect(payload.actor.credentialId).toMatch(/^jwt_[0-9a-f]{32}$/);
    expect(JSON.stringify(payload)).not.toContain(key.slice(-20));
  });

  test('S1.6 and a key of the same person are one principal: a rule against the requester holds for both', async () => {
    const run = await scriptedRun(world);
    const approval = await run.asks({
      verdict: {
        effect: 'ask',
        ruleId: 'other-eyes',
        layer: 'agent',
        reason: 'Money.',
        risk: 'high',
        allowedDecisions: ['approve', 'reject'],
        approverRules: [{ approvals: 1, rejections: 1, notRequester: true, reasonRequired: false }],
        decideWithinMs: 3_600_000,
        executeWithinMs: 600_000,
        onExpire: 'deny',
      },
    });
    const path = `/v1/runs/${run.runId}/approvals/${approval.key}`;
    const viewerOf = async (sub: string) =>
      (await world.call<Approval>('GET', path, { key: await tokenOf({ claims: { sub } }) })).body.viewer;
    expect((await viewerOf('u-ada')).why?.code).toBe('self_approval');
    expect((await viewerOf('u-bea')).canDecide).toBe(true);
  });

  test('of who is no person is a service, which decides nothing', async () => {
    const body = [{ approvalId: `tool-approval:run_${'a'.repeat(26)}:call_1_0`, decision: 'reject' }];
    for (const kind of ['machine', undefined, ['human']]) {
      const key = await tokenOf({ claims: { kind } });
      const { status, body: answer } = await world.call('POST', '/v1/decisions', { key, body });
      expect([status, answer.code]).toEqual([403, 'service_cannot_decide']);
    }
  });

  test('has no role but those that the map names', async () => {
    const key = await tokenOf({ claims: { groups: ['staff', 'admin', 'operator'] } });
    expect(await isLetIn(key)).toBe(true);
    expect((await world.call('GET', '/v1/audit', { key })).body.code).toBe('forbidden');
  });
});

describe('S0.7 fails closed: 401, and nothing happens', () => {
  const runs = async () => (await world.store.pool.query('select count(*)::int as n from runs')).rows[0].n as number;

  const REFUSED = { answers: ['401 unauthenticated', '401 unauthenticated'], runsMade: 0 };
  const outcomeOf = async (key: string) => {
    const before = await runs();
    const answers = [await ask(key), await world.call<{ code: string }>('POST', '/v1/runs', { key, body: START })];
    return { answers: answers.map(({ status, body }) => `${status} ${body.code}`), runsMade: (await runs()) - before };
  };

  test.each<[string, TokenOptions]>([
    ['another issuer', { issuer: 'https://evil.example/' }],
    ['the issuer without its slash', { issuer: 'http://127.0.0.1' }],
    ['another audience', { audience: 'other' }],
    ['expired', { expiresIn: -10 }],
    ['without an end', { expiresIn: null }],
    ['not yet valid', { notBefore: 60 }],
    ['of an unknown key', { header: { kid: 'key-0' } }],
    ['without a subject', { claims: { sub: undefined } }],
    ['with a blank subject', { claims: { sub: ' ' } }],
    ['with a subject that is no text', { claims: { sub: { $ne: null } } }],
    ['without an organisation', { claims: { org: undefined } }],
    ['of an organisation whose name is no tenant', { claims: { org: 'Rival Ltd' } }],
    ['with groups that are no list', { claims: { groups: { 0: 'staff' } } }],
    ['without roles', { claims: { groups: ['visitors'] } }],
  ])('%s', async (_name, options) => {
    expect(await outcomeOf(await tokenOf(options))).toEqual(REFUSED);
  });

  test('alg none, and a secret in place of a key', async () => {
    const [, payload = ''] = (await tokenOf()).split('.');
    expect(await outcomeOf(`${encode({ alg: 'none' })}.${payload}.`)).toEqual(REFUSED);
    const keys = await (await fetch(provider.jwksUrl)).text();
    for (const alg of ['HS256', 'HS512']) {
      const signed = `${encode({ alg, kid: 'key-1' })}.${payload}`;
      const hash = createHmac(alg === 'HS256' ? 'sha256' : 'sha512', keys);
      expect(await outcomeOf(`${signed}.${hash.update(signed).digest('base64url')}`)).toEqual(REFUSED);
    }
  });

  test('a changed payload, and a key that the token brings itself', async () => {
    const [head, payload = '', signature] = (await tokenOf()).split('.');
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString());
    expect(await outcomeOf(`${head}.${encode({ ...claims, sub: 'u-ada' })}.${signature}`)).toEqual(REFUSED);
    await using other = await startIdentityProvider();
    const header = { jku: other.jwksUrl, jwk: { kty: 'EC' } };
    const forged = await other.token({ issuer: provider.issuer, claims: { org: 'Acme Ltd', ...GROUPS }, header });
    expect(await outcomeOf(forged)).toEqual(REFUSED);
  });

  test('a token that ends is refused from then on', async () => {
    const key = await tokenOf({ expiresIn: -4 });
    expect(await isLetIn(key)).toBe(true);
    await waitFor('the token has ended', async () => !(await isLetIn(key)), { timeoutMs: 8_000 });
  });

  test('what is refused is logged without the token', async () => {
    const key = await tokenOf({ audience: 'other' });
    await ask(key);
    expect(logLines.join()).toContain('ERR_JWT_CLAIM_VALIDATION_FAILED');
    expect([...logLines, ...world.logLines].join()).not.toContain(key.split('.')[1]);
  });
});

describe('S0.7 the keys of the provider', () => {
  test('a new one is found; the old one counts no more', async () => {
    const before = await tokenOf();
    expect(await isLetIn(before)).toBe(true);
    await provider.rotate();
    expect(await isLetIn(await tokenOf())).toBe(true);
    expect(await isLetIn(before)).toBe(false);
  });

  test.each(['error', 'silence', 'nonsense', 'elsewhere'] as const)(
    'while it gives %s, known keys count as long as they are fresh, then no token does; then all is well again',
    async (answer) => {
      const key = await tokenOf();
      await waitFor('it is let in', () => isLetIn(key));
      provider.answer = answer;
      expect(await isLetIn(key)).toBe(true);
      await waitFor('the keys are too old', async () => !(await isLetIn(key)), { timeoutMs: 5_000 });
      provider.answer = 'keys';
      await waitFor('the keys are there again', () => isLetIn(key), { timeoutMs: 5_000 });
    },
  );

  test('while it is away it is not asked for every request', async () => {
    provider.answer = 'error';
    const key = await tokenOf();
    await waitFor('the keys are too old', async () => !(await isLetIn(key)), { timeoutMs: 5_000 });
    const before = provider.fetches;
    await Promise.all(Array.from({ length: 20 }, () => ask(key)));
    expect(provider.fetches - before).toBeLessThanOrEqual(2);
  });
});
