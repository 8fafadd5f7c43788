import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ConfigError } from '../../src/platform/config-error.ts';
import { readClaims } from '../../src/platform/tokens/read-claims.ts';
import { readTokenConfig } from '../../src/platform/tokens/read-token-config.ts';
import { TokenConfig } from '../../src/platform/tokens/token-config.ts';

const ISSUER = {
  issuer: 'https://login.example/',
  audience: 'countersign',
  jwksUrl: 'https://login.example/jwks',
  kind: 'person',
  tenant: { value: 'acme' },
  projects: { always: ['web'] },
  roles: { always: ['requester'] },
};

const read = (changes: object, claims: object) => {
  const [issuer] = TokenConfig.parse({ issuers: [{ ...ISSUER, ...changes }] }).issuers;
  if (!issuer) throw new Error('There is one.');
  return readClaims(issuer, { sub: 'u1', ...claims });
};

describe('S0.7 claims', () => {
  test.each<[string, object, object, object]>([
    ['the subject is the principal', {}, {}, { principal: 'u1' }],
    ['a prefix keeps issuers apart', { principal: { prefix: 'a:' } }, {}, { principal: 'a:u1' }],
    ['a map wins over the prefix', { principal: { prefix: 'a:', map: { u1: 'ada' } } }, {}, { principal: 'ada' }],
    ['a prototype is no map', {}, { sub: 'constructor' }, { principal: 'constructor' }],
    ['a nested claim', { roles: { claim: 'r.a', map: { x: ['admin'] } } }, { r: { a: ['x'] } }, { roles: ['admin'] }],
    ['a claim with dots', { groups: { claim: 'https://a.b/g' } }, { 'https://a.b/g': ['x'] }, { groups: ['x'] }],
    ['text is a list', { groups: { claim: 'scope' } }, { scope: 'a b' }, { groups: ['a', 'b'] }],
    ['a claim of projects', { projects: { claim: 'p' } }, { p: ['one', 'two'] }, { projects: ['one', 'two'] }],
    ['a tenant by its name', { tenant: { claim: 'org' } }, { org: 'rival' }, { tenant: 'rival' }],
    ['no map, no tenant', { tenant: { claim: 'org', onlyMapped: true } }, { org: 'rival' }, { fault: 'tenant' }],
    ['a tenant that is no name', { tenant: { claim: 'org' } }, { org: '../x' }, { fault: 'tenant' }],
    ['no projects', { projects: { claim: 'p' } }, {}, { fault: 'projects' }],
    [
      'too many groups',
      { groups: { claim: 'g' } },
      { g: Array.from({ length: 101 }, (_, at) => `g${at}`) },
      { fault: 'groups' },
    ],
    ['a group too long', { groups: { claim: 'g' } }, { g: ['x'.repeat(101)] }, { fault: 'groups' }],
    ['a principal too long', {}, { sub: 'x'.repeat(201) }, { fault: 'principal' }],
    ['a mapped service', { kind: { claim: 'k', persons: ['user'] } }, { k: 'app' }, { kind: 'service' }],
  ])('%s', (_name, changes, claims, expected) => {
    expect(read(changes, claims)).toMatchObject(expected);
  });

  test('S1.6 one mail address is one person, however it is written, and only once it is verified', () => {
    const byMail = { principal: { claim: 'email', map: { 'Grace@Example.com': 'grace' } } };
    const verified = { email_verified: true };
    for (const email of ['ada@example.com', 'Ada@Example.COM'])
      expect(read(byMail, { email, ...verified })).toMatchObject({ principal: 'ada@example.com' });
    expect(read(byMail, { email: 'GRACE@example.com', ...verified })).toMatchObject({ principal: 'grace' });
    expect(read(byMail, { email: 'ada@example.com' })).toEqual({ fault: 'email_not_verified' });
    expect(read(byMail, { email: 'ada@example.com', email_verified: 'true' })).toEqual({ fault: 'email_not_verified' });
  });
});

describe('the file', () => {
  const faultsOf = async (content: string): Promise<readonly string[]> => {
    const directory = await mkdtemp(join(tmpdir(), 'countersign-tokens-'));
    try {
      const path = join(directory, 'tokens.json');
      await writeFile(path, content);
      await readTokenConfig(path);
      return [];
    } catch (error) {
      if (error instanceof ConfigError) return error.faults;
      throw error;
    } finally {
      await rm(directory, { recursive: true });
    }
  };

  test('is read as JSON or YAML', async () => {
    expect(await faultsOf(JSON.stringify({ issuers: [ISSUER] }))).toEqual([]);
    expect(await faultsOf(`issuers:\n  - ${JSON.stringify(ISSUER)}\n`)).toEqual([]);
  });

  test('all faults are listed with their places', async () => {
    const issuer = { ...ISSUER, jwksUrl: 'http://login.example/jwks', algorithms: ['HS256'], roles: { claim: 'r' } };
    const faults = await faultsOf(JSON.stringify({ issuers: [{ ...issuer, extra: 1 }] }));
    const listed = faults.join('\n');
    for (const place of ['issuers.0.jwksUrl', 'issuers.0.algorithms.0', 'issuers.0.roles', 'issuers.0:'])
      expect(listed).toContain(`COUNTERSIGN_JWT_FILE ${place}`);
  });

  test.each([
    ['no issuer', { issuers: [] }],
    ['an issuer twice', { issuers: [ISSUER, ISSUER] }],
    ['alg none', { issuers: [{ ...ISSUER, algorithms: ['none'] }] }],
    ['nothing at all', null],
  ])('%s is a fault', async (_name, content) => {
    expect(await faultsOf(JSON.stringify(content))).not.toEqual([]);
  });

  test('a file that is not there is a fault', async () => {
    await expect(readTokenConfig('/nowhere/tokens.json')).rejects.toThrow(ConfigError);
  });
});
