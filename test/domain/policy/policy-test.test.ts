import { describe, expect, test } from 'vitest';
import { runPolicyTest } from '../../../src/domain/policy/policy-test.ts';

const policy = [
  {
    name: 'deployment',
    rules: [{ id: 'no-secrets', match: 'read_*', when: "args.path.contains('.env')", effect: 'deny' }],
  },
  {
    name: 'agent',
    rules: [
      { id: 'small', match: 'refund', when: 'args.amount <= 100', effect: 'allow' },
      {
        ...{ id: 'large', match: 'refund', when: 'args.amount > 100', effect: 'ask', risk: 'high', decideWithin: '8h' },
        approvers: { groups: ['finance'], approvals: 2, notRequester: true },
      },
    ],
  },
  { name: 'agent', mode: 'shadow', rules: [{ id: 'all', match: 'refund', effect: 'ask' }] },
];

const run = (...cases: object[]) => runPolicyTest({ policy, cases });
const differencesOf = (...cases: object[]) => {
  const result = run(...cases);
  return result.ok ? result.cases.map(({ differences }) => differences) : result.faults;
};

describe('B12 a table of cases', () => {
  test('each passes or says what is different', () => {
    const result = run(
      { name: 'a small refund', tool: 'refund', args: { amount: 20 }, expect: 'allow' },
      {
        tool: 'refund',
        args: { amount: 200 },
        expect: { effect: 'ask', approvals: 3, groups: ['finance'], risk: 'low' },
      },
      {
        tool: 'read_file',
        args: { path: '/app/.env' },
        expect: { effect: 'deny', rule: 'no-secrets', layer: 'deployment' },
      },
    );
    expect(result).toMatchObject({
      ok: true,
      failed: 1,
      digest: expect.stringMatching(/^sha256:/),
      cases: [
        { name: 'a small refund', tool: 'refund', verdict: { effect: 'allow' }, differences: [] },
        {
          name: 'case 2',
          differences: [
            { field: 'risk', expected: 'low', actual: 'high' },
            { field: 'approvals', expected: '3', actual: '2' },
          ],
        },
        { name: 'case 3', differences: [] },
      ],
    });
  });

  test.each<[object, string | undefined]>([
    [{ effect: 'ask', notRequester: true, reasonRequired: false }, undefined],
    [{ notRequester: false }, 'notRequester'],
    [{ decideWithin: '8h', executeWithin: '60m' }, undefined],
    [{ decideWithin: '1h' }, 'decideWithin'],
    [{ groups: [] }, 'groups'],
    [{ users: [], channels: [], stateEditable: [] }, undefined],
    [{ allowedDecisions: ['request_changes', 'respond', 'edit', 'reject', 'approve'] }, undefined],
    [{ allowedDecisions: ['approve'] }, 'allowedDecisions'],
    [{ onExpire: 'block' }, 'onExpire'],
    [{ grantable: true }, 'grantable'],
    [{ rule: 'small' }, 'rule'],
    [{ layer: 'tool' }, 'layer'],
    [{ shadow: 'ask' }, undefined],
    [{ shadow: 'same' }, 'shadow'],
  ])('%j', (expected, field) => {
    const [differences] = differencesOf({ tool: 'refund', args: { amount: 101 }, expect: expected });
    expect(differences).toEqual(field === undefined ? [] : [expect.objectContaining({ field })]);
  });

  test('what no rule matches is the default’s', () => {
    expect(differencesOf({ tool: 'deploy', expect: { effect: 'ask', rule: 'default', layer: 'default' } })).toEqual([
      [],
    ]);
  });

  test('conditions see the requester, the run and what it has used', () => {
    const when =
      "requester.principal == 'user:bo' && run.depth == 1 && usage.outputTokens > 5 && tool.effect == 'none'";
    const given = {
      policy: [{ name: 'agent', rules: [{ id: 'r', match: '*', effect: 'deny', when }] }],
      cases: [
        {
          tool: { name: 'x', effect: 'none' },
          requester: { principal: 'user:bo' },
          run: { depth: 1 },
          usage: { outputTokens: 6 },
          expect: 'deny',
        },
      ],
    };
    expect(runPolicyTest(given)).toMatchObject({ ok: true, failed: 0 });
  });
});

test('a difference of time is told as people write it', () => {
  const [differences] = differencesOf({
    tool: 'refund',
    args: { amount: 101 },
    expect: { decideWithin: '90m', executeWithin: '1d' },
  });
  expect(differences).toEqual([
    { field: 'decideWithin', expected: '90m', actual: '8h' },
    { field: 'executeWithin', expected: '1d', actual: '1h' },
  ]);
});

describe('files that are no test', () => {
  test.each<[string, unknown, string]>([
    ['nothing', undefined, ''],
    ['a text', 'policy', ''],
    ['no cases', { policy }, '/cases'],
    ['no case', { policy, cases: [] }, '/cases'],
    ['an unknown field', { policy, cases: [{ tool: 'x', arguments: {}, expect: 'ask' }] }, '/cases/0'],
    ['an unknown expectation', { policy, cases: [{ tool: 'x', expect: { verdict: 'ask' } }] }, '/cases/0/expect'],
    ['an unknown effect', { policy, cases: [{ tool: 'x', expect: 'maybe' }] }, '/cases/0/expect'],
    [
      'a policy with a fault',
      {
        policy: [{ name: 'agent', rules: [{ id: 'r', match: '*', effect: 'ask', when: 'nobody' }] }],
        cases: [{ tool: 'x', expect: 'ask' }],
      },
      '/policy/0/rules/0/when',
    ],
    [
      'a group that does not exist',
      { policy, groups: ['legal'], cases: [{ tool: 'x', expect: 'ask' }] },
      '/policy/1/rules/1/approvers/groups/0',
    ],
    [
      'a quorum beyond its group',
      { policy, members: { finance: ['user:ada'] }, cases: [{ tool: 'x', expect: 'ask' }] },
      '/policy/1/rules/1/approvers/approvals',
    ],
  ])('%s', (_name, given, path) => {
    const result = runPolicyTest(given);
    expect(result.ok ? [] : result.faults.map((fault) => fault.path)).toEqual([path]);
  });
});
