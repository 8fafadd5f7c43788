import type { BAD_REQUEST } from '../../../src/contract/problems/bad-request.ts';
import type { Refusals } from './refusal.ts';

export const badRequest: Refusals<typeof BAD_REQUEST> = {
  invalid_request: {
    by: () => ({ path: '/v1/runs', body: { agent: 'refunds', inptu: 'Refund order 7.' } }),
  },
  malformed_json: {
    by: () => ({ path: '/v1/runs', data: `-d '{"agent":"refunds","agent":"mailer","input":"Refund order 7."}'` }),
  },
  malformed_request: {
    by: () => ({ path: '/v1/runs/%zz' }),
  },
  invalid_cursor: {
    by: () => ({ path: '/v1/runs?cursor=zzz' }),
  },
  after_beyond_end: {
    given: 'The run has had fewer events.',
    by: async ({ run }) => ({ path: `/v1/runs/${(await run()).runId}/events?after=500` }),
  },
  digest_required: {
    by: async ({ ask }) => (await ask()).decision({ decision: 'approve', digest: undefined }),
  },
};
