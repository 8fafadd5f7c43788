/** Who acts in the random runs, and the policies that their calls meet. The text of a call's arguments names its policy. */
import { createHash } from 'node:crypto';
import type { Actor } from '../../src/domain/schemas/actor.ts';
import type { Verdict } from '../../src/domain/schemas/approval.ts';
import { person, ref, rule, verdict } from '../support/core.ts';

export const REQUESTER = 'rita';

export const PEOPLE = {
  anna: person('anna', ['finance']),
  bob: person('bob', ['finance', 'legal']),
  cleo: person('cleo', ['legal']),
  max: person('max', ['managers']),
  mia: person('mia', ['managers', 'finance']),
  rita: person(REQUESTER, ['finance', 'managers']),
  /** A name whose key the requester made. */
  sock: { ...person('sock', ['finance']), createdBy: REQUESTER },
  /** As it was signed at first: of his groups nobody can tell whether they are his or the requester's. */
  dan: { ...person('dan', ['finance']), delegatedFrom: [REQUESTER] },
  /** A manager in his own right, and in finance only for others. */
  eli: {
    ...person('eli', ['managers']),
    delegatedFrom: [
      { principal: REQUESTER, groups: ['finance', 'managers'] },
      { principal: 'anna', groups: ['finance'] },
    ],
  },
  fay: {
    ...person('fay'),
    delegatedFrom: [
      { principal: 'anna', groups: ['finance'] },
      { principal: 'bob', groups: ['legal'] },
    ],
  },
  bot: { ...person('bot', ['finance', 'legal', 'managers']), kind: 'service' },
} satisfies Record<string, Actor>;
export type Who = keyof typeof PEOPLE;

const ALL = ['approve', 'reject', 'edit', 'respond', 'request_changes'] as const;
const ask = (change: Partial<Verdict> = {}): Verdict =>
  verdict('ask', { allowedDecisions: [...ALL], decideWithinMs: 1_000, executeWithinMs: 600, ...change });
const finance = rule({ groups: ['finance'] });
const managers = rule({ groups: ['managers'], approvals: 2, notRequester: true });
const ladder = {
  steps: [
    { approverRules: [managers], decideWithinMs: 800 },
    { approverRules: [rule({ users: ['max'] })], decideWithinMs: 500 },
  ],
};

export const POLICIES = {
  allow: verdict('allow'),
  deny: verdict('deny'),
  one: ask(),
  plain: ask({ allowedDecisions: ['approve', 'reject'] }),
  finance: ask({ approverRules: [finance] }),
  two: ask({ approverRules: [rule({ approvals: 2, rejections: 2 })] }),
  financeAndLegal: ask({ approverRules: [finance, rule({ groups: ['legal'] })], stateEditable: ['budget'] }),
  named: ask({ approverRules: [rule({ users: ['anna', 'bob'], approvals: 2, rejections: 2 })] }),
  namedOthers: ask({
    approverRules: [rule({ users: ['anna', REQUESTER], groups: ['managers'], approvals: 2, notRequester: true })],
  }),
  twoOfFinance: ask({ approverRules: [rule({ groups: ['finance'], approvals: 2 })] }),
  others: ask({ approverRules: [rule({ notRequester: true })] }),
  twoOthers: ask({ approverRules: [rule({ groups: ['finance', 'managers'], approvals: 2, notRequester: true })] }),
  reason: ask({ approverRules: [rule({ reasonRequired: true })] }),
  inbox: ask({ channels: ['inbox'] }),
  risky: ask({ risk: 'high', executeWithinMs: 200 }),
  stateful: ask({ stateEditable: ['budget', 'orders.*'] }),
  together: ask({ batch: 'all_or_nothing' }),
  togetherSilent: ask({ batch: 'all_or_nothing', onExpire: 'allow', decideWithinMs: 700 }),
  silent: ask({ onExpire: 'allow' }),
  block: ask({ onExpire: 'block', decideWithinMs: 400 }),
  fail: ask({ onExpire: 'fail' }),
  reminded: ask({ reminders: { everyMs: 200, max: 3 }, warnBeforeMs: 250 }),
  ladderDeny: ask({
    approverRules: [rule({ approvals: 2 })],
    onExpire: 'escalate',
    escalation: { ...ladder, then: 'deny' },
  }),
  ladderBlock: ask({ onExpire: 'escalate', decideWithinMs: 300, escalation: { ...ladder, then: 'block' } }),
} satisfies Record<string, Verdict>;
export type PolicyName = keyof typeof POLICIES;
export const POLICY_NAMES = Object.keys(POLICIES) as PolicyName[];

/** A call's arguments: the policy they meet, and what makes them different from others. */
export const argumentsRefOf = (policy: PolicyName, serial: number | string) => ref(`${policy}:${serial}`);

export const policyOf = (argumentsRef: { readonly sha256: string }): Verdict => {
  const [name] = Buffer.from(argumentsRef.sha256, 'hex').toString().split(':');
  const policy = POLICIES[name as PolicyName];
  if (!policy) throw new Error(`No policy for the arguments ${name}.`);
  return policy;
};

const hash = (...parts: readonly unknown[]): string =>
  `sha256:${createHash('sha256').update(JSON.stringify(parts)).digest('hex')}`;

/** Binds a revision of a call to its arguments. */
export const digestOfCall = (toolCallId: string, revision: number, argumentsRef: { readonly sha256: string }): string =>
  hash('call', toolCallId, revision, argumentsRef.sha256);

export const fingerprintOf = (tool: string, argumentsRef: { readonly sha256: string }): string =>
  hash('fingerprint', tool, argumentsRef.sha256);
