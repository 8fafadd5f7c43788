import type { ACCESS } from '../../../src/contract/problems/access.ts';
import type { Refusals } from './refusal.ts';
import { ANYBODY, START } from './stage.ts';

const APPROVE = { decision: 'approve' } as const;
const start = { path: '/v1/runs', body: START };

export const access: Refusals<typeof ACCESS> = {
  unauthenticated: {
    by: () => ({ path: '/v1/runs', key: null }),
  },
  forbidden: {
    given: "The key's only role is `auditor`.",
    by: async ({ keyOf }) => ({ ...start, key: await keyOf({ roles: ['auditor'] }) }),
  },
  project_not_allowed: {
    given: 'The key is bound to another project.',
    by: () => ({ path: '/v1/runs', headers: { 'Countersign-Project': 'warehouse' } }),
  },
  forged_request: {
    given: '`$cookie` is the cookie of a session.',
    by: async ({ usual }) => {
      const { headers } = await usual.call('POST', '/v1/session');
      const cookie = headers.get('set-cookie')?.split(';')[0] ?? '';
      return { ...start, key: null, headers: { Cookie: '$cookie' }, variables: { cookie } };
    },
  },
  not_yours_to_name: {
    given: "The key is a person's.",
    by: () => ({ path: '/v1/runs', body: { ...START, requester: { principal: 'grace' } } }),
  },
  not_yours_to_give: {
    given: "The key is a service's, with the role `admin`.",
    by: async ({ keyOf }) => ({
      path: '/v1/keys',
      body: { principal: 'grace', kind: 'person', roles: ['approver'] },
      key: await keyOf({ principal: 'robot', kind: 'service', roles: ['admin'] }),
    }),
  },
  not_an_approver: {
    given: 'The rule wants somebody of the group `finance`.',
    by: async ({ ask }) => (await ask({}, { approverRules: [{ ...ANYBODY, groups: ['finance'] }] })).decision(APPROVE),
  },
  self_approval: {
    given: 'The rule has `notRequester`, and the run was started with this key.',
    by: async ({ ask }) => (await ask({}, { approverRules: [{ ...ANYBODY, notRequester: true }] })).decision(APPROVE),
  },
  service_cannot_decide: {
    given: "The key is a service's.",
    by: async ({ ask, keyOf }) =>
      (await ask()).decision(APPROVE, await keyOf({ principal: 'robot', kind: 'service', roles: ['approver'] })),
  },
  channel_not_allowed: {
    given: 'The rule has `channels: [inbox]`.',
    by: async ({ ask }) => (await ask({}, { channels: ['inbox'] })).decision(APPROVE),
  },
};
