import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createApiWorld } from '../api/api-world.ts';
import type { ApiWorld } from '../api/api-world.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { cliWith } from './run-cli.ts';
import type { Cli } from './run-cli.ts';

const policy = `
name: project
rules:
  - id: small
    match: refund
    when: args.amount <= 100
    effect: allow
  - id: large
    match: refund
    when: args.amount > 100
    effect: ask
    risk: high
    decideWithin: 4h
    approvers: { groups: [finance], approvals: 2, notRequester: true }
`;

const tests = `
policyFile: policy.yaml
groups: [finance]
cases:
  - name: a small refund runs
    tool: refund
    args: { amount: 20 }
    expect: allow
  - name: a large one takes two
    tool: refund
    args: { amount: 101 }
    expect: { effect: ask, approvals: 2, groups: [finance], decideWithin: 4h }
`;

let directory: string;
const file = (name: string): string => join(directory, name);

beforeAll(async () => {
  directory = temporaryDirectory();
  const files = {
    'policy.yaml': policy,
    'tests.yaml': tests,
    'failing.yaml': tests.replace('expect: allow', 'expect: deny'),
    'faulty.yaml': tests.replace('groups: [finance]\n', 'groups: [legal]\n'),
    'twice.yaml': `${tests}\ngroups: []\n`,
    'bomb.yaml': `a: &a [1,2,3,4,5,6,7,8,9]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c,*c,*c,*c,*c]\n`,
    'text.yaml': 'just words',
  };
  for (const [name, text] of Object.entries(files)) await writeFile(file(name), text);
});

afterAll(() => rm(directory, { recursive: true, force: true }));

describe('B12 countersign policy test', () => {
  // Nothing to connect to, and nothing is connected to.
  const cli = cliWith({});

  test('says of each case what policy says, and ends well where all pass', async () => {
    const { code, out, err } = await cli('policy', 'test', file('tests.yaml'));
    expect([code, err]).toEqual([0, '']);
    expect(out).toContain('a small refund runs');
    expect(out).toMatch(/ok +a large one takes two +refund +ask +large \(project\)/);
    expect(out).toContain('2 of 2 cases pass. Policy sha256:');
  });

  test('ends with 1 where a case fails, and says what is different', async () => {
    const { code, out } = await cli('policy', 'test', file('failing.yaml'));
    expect(code).toBe(1);
    expect(out).toMatch(/FAILED +a small refund runs .*effect: allow, not deny/);
    expect(out).toContain('1 of 2 cases pass');
    const quiet = await cli('policy', 'test', '--quiet', file('failing.yaml'));
    expect(quiet.out).not.toContain('a large one');
    const json = await cli('policy', 'test', '--json', file('failing.yaml'));
    expect(json.code).toBe(1);
    expect(json.json()).toMatchObject({ ok: true, failed: 1, cases: [{ differences: [{ field: 'effect' }] }, {}] });
  });

  test('a policy with faults: each with its place', async () => {
    const { code, err } = await cli('policy', 'test', file('faulty.yaml'));
    expect(code).toBe(1);
    expect(err).toContain('/policy/0/rules/1/approvers/groups/0: There is no group "finance"');
  });

  test.each([
    ['none.yaml', 'cannot be read'],
    ['twice.yaml', 'is not YAML'],
    ['bomb.yaml', 'cannot be read'],
  ])('%s is a fault of the command line', async (name, message) => {
    const { code, err } = await cli('policy', 'test', file(name));
    expect(code).toBe(2);
    expect(err).toContain(message);
    expect(err).not.toContain('    at ');
  });
});

describe('over HTTP', () => {
  let world: ApiWorld;
  let cli: Cli;
  beforeAll(async () => {
    world = await createApiWorld();
    cli = cliWith({ COUNTERSIGN_URL: world.url, COUNTERSIGN_API_KEY: world.key });
  });
  afterAll(() => world[Symbol.asyncDispose]());

  test('policy simulate shows the verdict, who decides and which rules had a say', async () => {
    const words = ['--agent', 'refunds', '--policy', file('policy.yaml'), '--arguments', '{"amount": 750}'];
    const { code, out, err } = await cli('policy', 'simulate', 'refund', ...words);
    expect([code, err]).toEqual([0, '']);
    expect(out).toContain('The call would wait for consent.');
    expect(out).toMatch(/who decides +2 of group finance, not the requester/);
    expect(out).toMatch(/to decide +4 h, then deny/);
    expect(out).toMatch(/project +large +ask/);
    const json = await cli(
      'policy',
      'simulate',
      'refund',
      '--json',
      '--policy',
      file('policy.yaml'),
      '--arguments',
      '{"amount": 5}',
    );
    expect(json.json()).toMatchObject({ verdict: { effect: 'allow', ruleId: 'small' } });
  });

  test('policy put, layers and replay', async () => {
    expect((await cli('policy', 'layers')).out).toContain('No layers but those of the agents.');
    const put = await cli('policy', 'put', file('policy.yaml'));
    expect([put.code, put.err]).toEqual([0, '']);
    expect((await cli('policy', 'layers')).out).toMatch(/project +enforce +2 +ada/);
    const replay = await cli('policy', 'replay', '--policy', file('policy.yaml'), '--since', '7d');
    expect([replay.code, replay.out.trim()]).toEqual([0, 'No calls were recorded.']);
  });

  test.each<[string[], number, string]>([
    [['policy', 'put', 'tests.yaml'], 2, 'holds no policy'],
    [['policy', 'simulate', 'refund', '--policy', 'text.yaml'], 2, 'holds no policy'],
    [['policy', 'simulate', 'refund'], 1, 'agent'],
    [['policy', 'simulate', 'refund', '--arguments', '{amount'], 2, 'must be JSON'],
    [['policy', 'replay', '--policy', 'policy.yaml', '--since', 'yesterday'], 2, 'how long ago'],
  ])('%j', async (words, code, message) => {
    const result = await cli(...words.map((word) => (word.endsWith('.yaml') ? file(word) : word)));
    expect(result.code).toBe(code);
    expect(result.err).toContain(message);
  });
});
