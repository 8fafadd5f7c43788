// Who must agree to what. A call that no rule matches asks anybody who may approve.
import type { RuleInput } from '../../src/domain/policy/policy-schema.ts';

export const refundsPolicy: readonly RuleInput[] = [
  { id: 'look-up', match: 'find_order', effect: 'allow', reason: 'Reads orders only' },
  {
    id: 'refund',
    match: 'refund',
    when: 'args.amount <= 500.0',
    effect: 'ask',
    approvers: { groups: ['support'] },
    decideWithin: '8h',
    executeWithin: '1h',
  },
  {
    id: 'large-refund',
    match: 'refund',
    when: 'args.amount > 500.0',
    effect: 'ask',
    risk: 'high',
    reason: 'Two people of finance agree to refunds over 500',
    approvers: { groups: ['finance'], approvals: 2, notRequester: true },
    decideWithin: '8h',
    executeWithin: '1h',
  },
  {
    id: 'voucher',
    match: 'send_voucher',
    effect: 'ask',
    approvers: { groups: ['support'] },
    decideWithin: '4h',
    warnBefore: '30m',
    onExpire: 'escalate',
    escalate: [{ approvers: { groups: ['leads'] }, within: '4h' }],
    escalateThen: 'deny',
  },
  { id: 'question', match: 'ask_user', effect: 'ask', approvers: { groups: ['support'] }, decideWithin: '8h' },
];
