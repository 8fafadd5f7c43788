import type { UNPROCESSABLE } from '../../../src/contract/problems/unprocessable.ts';
import type { Verdict } from '../../../src/domain/schemas/approval.ts';
import { PAYMENTS } from '../obedient-run.ts';
import { driftedRun } from '../parked-run.ts';
import type { CurlRequest } from './curl.ts';
import type { Refusals } from './refusal.ts';
import { ANYBODY, START } from './stage.ts';
import type { DecisionBody } from './stage.ts';

const APPROVE = { decision: 'approve' } as const;
const STATE_EDIT = { ...APPROVE, stateEdits: [{ path: 'customer.tier', value: 'gold' }] };

const edit = (args: object) => ({ decision: 'edit' as const, arguments: args });
const refusing = (verdict: Partial<Verdict>, body: DecisionBody): Refusals<{ code: unknown }>['code'] => ({
  by: async ({ ask }) => (await ask({}, verdict)).decision(body),
});
const grant = (changes: object): CurlRequest => ({
  path: '/v1/grants',
  body: {
    scope: 'agent',
    agent: PAYMENTS,
    requester: 'rita',
    tool: 'refund',
    constraints: { '/order': { any: true }, '/amount': { max: 50 } },
    ttl: '8h',
    uses: 10,
    ...changes,
  },
});

export const unprocessable: Refusals<typeof UNPROCESSABLE> = {
  unknown_agent: {
    by: () => ({ path: '/v1/runs', body: { ...START, agent: 'refund' } }),
  },
  invalid_variables: {
    by: () => ({ path: '/v1/runs', body: { ...START, variables: { customer: 'Ada' } } }),
  },
  unknown_tool: {
    by: () => grant({ tool: 'refunds' }),
  },
  invalid_constraints: {
    by: () => grant({ constraints: { '/order': { any: true }, '/amount': { below: 50 } } }),
  },
  invalid_policy: {
    by: () => ({
      method: 'PUT',
      path: '/v1/policy/layers/project',
      body: { rules: [{ id: 'small', match: 'refund', when: 'args.amount <', effect: 'allow' }] },
    }),
  },
  invalid_period: {
    by: () => grant({ ttl: '1000d' }),
  },
  invalid_delegation: {
    given: 'The key is of `ada`.',
    by: () => ({
      path: '/v1/delegations',
      body: { to: 'ada', until: new Date(Date.now() + 3_600_000).toISOString() },
    }),
  },
  idempotency_mismatch: {
    given: 'A run was started under this key with another input.',
    by: async ({ usual }) => {
      await usual.call('POST', '/v1/runs', { body: START, headers: { 'idempotency-key': 'order-7' } });
      const body = { ...START, input: 'Refund order 8.' };
      return { path: '/v1/runs', headers: { 'Idempotency-Key': 'order-7' }, body };
    },
  },
  text_refused: {
    given: 'The deployment blocks personal data.',
    by: ({ tight }) => ({
      path: '/v1/runs',
      body: { ...START, input: 'Refund order 7 and write to rita@example.org.' },
      url: tight.url,
      key: tight.key,
    }),
  },
  reason_required: {
    given: 'The rule has `reasonRequired`.',
    ...refusing({ approverRules: [{ ...ANYBODY, reasonRequired: true }] }, APPROVE),
  },
  decision_not_allowed: {
    given: 'The rule has `allowedDecisions: [approve, reject]`.',
    ...refusing({ allowedDecisions: ['approve', 'reject'] }, edit({ order: 7, amount: 50 })),
  },
  invalid_arguments: refusing({}, edit({ order: 7, amount: -1, to: 'me' })),
  policy_denied: {
    given: 'A rule denies refunds above 5,000.',
    ...refusing({}, edit({ order: 7, amount: 1_000_000 })),
  },
  invalid_response: {
    given: 'The question has the options `north` and `south`.',
    by: async ({ ask }) => {
      const question = { question: 'Where to?', options: ['north', 'south'] };
      const asked = await ask({ kind: 'question', tool: 'ask_user' }, { allowedDecisions: ['respond'] }, question);
      return asked.decision({ decision: 'respond', response: 'west' });
    },
  },
  state_path_not_allowed: {
    given: 'The rule has `stateEditable: [region]`.',
    ...refusing({ stateEditable: ['region'] }, STATE_EDIT),
  },
  invalid_state_path: {
    given: 'The rule has `stateEditable: [customer]`.',
    ...refusing(
      { stateEditable: ['customer'] },
      { ...APPROVE, stateEdits: [{ path: 'customer..tier', value: 'gold' }] },
    ),
  },
  state_edits_need_one_decider: {
    given: 'The rule wants two people, and has `stateEditable: [customer.tier]`.',
    ...refusing({ stateEditable: ['customer.tier'], approverRules: [{ ...ANYBODY, approvals: 2 }] }, STATE_EDIT),
  },
  not_grantable: {
    given: 'The rule has `grantable` for one hour at most.',
    ...refusing(
      { grantable: { scopes: ['run'], maxTtlMs: 3_600_000, maxUses: 5 } },
      { ...APPROVE, remember: { scope: 'run', ttl: '2h', uses: 5 } },
    ),
  },
  deadline_not_allowed: {
    given: 'The deadline is later than that already.',
    by: async ({ ask }) => {
      const { runId, key } = (await ask()).approval;
      return { path: `/v1/runs/${runId}/approvals/${key}/extend`, body: { decideBy: '2020-01-01T00:00:00Z' } };
    },
  },
  resolution_not_allowed: {
    given: 'The call was never started.',
    by: async ({ usual }) => {
      const { runId } = await driftedRun(usual);
      const reason = 'I looked it up at the bank.';
      const body = { toolCallId: 'call_1_0', resolution: 'mark_done', result: { paid: true }, reason };
      return { path: `/v1/runs/${runId}/resolve`, body };
    },
  },
};
