import { describe, expect, test } from 'vitest';
import { consentDigest } from '../../../src/domain/consent/consent-digest.ts';
import { digestOfCall } from '../../../src/domain/consent/judge-call.ts';
import type { CallContext } from '../../../src/domain/consent/judge-call.ts';
import type { Verdict } from '../../../src/domain/schemas/approval.ts';
import type { ConsentSubject } from '../../../src/domain/consent/consent-digest.ts';
import { RUN_ID, digest } from '../../support/core.ts';

const subject: ConsentSubject = {
  start: {
    tenant: 'acme',
    project: 'web',
    runId: RUN_ID,
    agentDigest: digest('agent'),
    policyDigest: digest('policy'),
    requester: { principal: 'rita', groups: ['support'] },
    salt: '00'.repeat(16),
  },
  rootRunId: RUN_ID,
  path: ['helper'],
  toolCallId: 'call_1_0',
  revision: 1,
  tool: { source: 'function', name: 'refund', definitionDigest: digest('tool') },
  credentialRef: null,
  arguments: { amount: 100, to: 'ACME' },
  verdict: {
    ruleId: 'r',
    approverRules: [{ approvals: 1, rejections: 1, notRequester: false, reasonRequired: false }],
  },
};

const changes: [string, ConsentSubject][] = [
  ['tenant', { ...subject, start: { ...subject.start, tenant: 'acm' } }],
  ['project', { ...subject, start: { ...subject.start, project: 'app' } }],
  ['run', { ...subject, start: { ...subject.start, runId: `run_${'b'.repeat(26)}` } }],
  ['root run', { ...subject, rootRunId: `run_${'b'.repeat(26)}` }],
  ['agent', { ...subject, start: { ...subject.start, agentDigest: digest('other') } }],
  ['policy', { ...subject, start: { ...subject.start, policyDigest: digest('other') } }],
  ['requester', { ...subject, start: { ...subject.start, requester: { principal: 'sam', groups: ['support'] } } }],
  ['requester groups', { ...subject, start: { ...subject.start, requester: { principal: 'rita', groups: [] } } }],
  ['salt', { ...subject, start: { ...subject.start, salt: '11'.repeat(16) } }],
  ['path', { ...subject, path: ['helper', 'sub'] }],
  ['call', { ...subject, toolCallId: 'call_1_1' }],
  ['revision', { ...subject, revision: 2 }],
  ['tool', { ...subject, tool: { ...subject.tool, name: 'refund2' } }],
  ['tool source', { ...subject, tool: { ...subject.tool, source: 'mcp' } }],
  ['tool definition', { ...subject, tool: { ...subject.tool, definitionDigest: digest('new') } }],
  ['credential', { ...subject, credentialRef: 'github' }],
  ['argument', { ...subject, arguments: { amount: 1000, to: 'ACME' } }],
  ['argument type', { ...subject, arguments: { amount: '100', to: 'ACME' } }],
  ['rule', { ...subject, verdict: { ...subject.verdict, ruleId: 's' } }],
  [
    'approver rule',
    {
      ...subject,
      verdict: { ...subject.verdict, approverRules: [{ ...subject.verdict.approverRules[0]!, notRequester: true }] },
    },
  ],
];

describe('B1 the consent digest', () => {
  test('is a format: version 1 never changes', () => {
    expect(consentDigest(subject)).toBe('sha256:0ac8051d23ff99c82a58d9dabdc11e1ddabf6acd11b497425fdb3318d0961c34');
  });

  test('does not depend on the order of keys', () => {
    expect(consentDigest({ ...subject, arguments: { to: 'ACME', amount: 100 } })).toBe(consentDigest(subject));
  });

  test.each(changes)('changes with the %s', (_, changed) => {
    expect(consentDigest(changed)).not.toBe(consentDigest(subject));
  });

  test('no two of these changes give the same digest', () => {
    expect(new Set(changes.map(([, changed]) => consentDigest(changed))).size).toBe(changes.length);
  });
});

test('S1.19 the credential that a tool names is part of what is consented to', () => {
  const { start, rootRunId, path, toolCallId, tool, verdict, revision, arguments: args } = subject;
  const digestWith = (credentialRef: string | undefined): string =>
    digestOfCall(
      { start, rootRunId, path, toolCallId, tool: { ...tool, ...(credentialRef && { credentialRef }) } } as CallContext,
      { arguments: args, revision, verdict: verdict as Verdict },
    );
  expect(digestWith(undefined)).toBe(consentDigest(subject));
  expect(digestWith('github')).toBe(consentDigest({ ...subject, credentialRef: 'github' }));
});
