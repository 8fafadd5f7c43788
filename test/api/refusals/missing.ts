import type { Brake } from '../../../src/contract/brakes.ts';
import type { MISSING } from '../../../src/contract/problems/missing.ts';
import type { Refusals } from './refusal.ts';
import { NOBODY, NO_RUN, claim } from './stage.ts';

export const missing: Refusals<typeof MISSING> = {
  route_not_found: {
    by: () => ({ path: '/v1/run' }),
  },
  run_not_found: {
    by: () => ({ path: NO_RUN }),
  },
  approval_not_found: {
    by: async ({ run }) => ({ path: `/v1/runs/${(await run()).runId}/approvals/call_9_0` }),
  },
  decision_not_found: {
    given: 'Nobody has given that decision.',
    by: async ({ ask }) => {
      const { runId, key } = (await ask()).approval;
      return { path: `/v1/runs/${runId}/approvals/${key}/decisions/dec_${NOBODY}` };
    },
  },
  artifact_not_found: {
    by: async ({ run }) => ({ path: `/v1/runs/${(await run()).runId}/artifacts/RELEASE_NOTES.md` }),
  },
  media_not_found: {
    by: async ({ run }) => ({ path: `/v1/runs/${(await run()).runId}/media/${'0f'.repeat(32)}` }),
  },
  brake_not_found: {
    by: () => ({ path: `/v1/brakes/brk_${NOBODY}` }),
  },
  bypass_not_found: {
    given: 'The brake is there.',
    by: async ({ usual }) => {
      const body = { reason: 'The bank is down.', agent: 'refunds' };
      const { brakeId } = (await usual.call<Brake>('POST', '/v1/brakes', { body })).body;
      return { method: 'DELETE', path: `/v1/brakes/${brakeId}/bypasses/byp_${NOBODY}` };
    },
  },
  grant_not_found: {
    by: () => ({ path: `/v1/grants/grant_${NOBODY}` }),
  },
  session_not_found: {
    given: 'The request is made with an API key.',
    by: () => ({ path: '/v1/session' }),
  },
  key_not_found: {
    by: () => ({ path: `/v1/keys/${NOBODY.slice(0, 16)}` }),
  },
  delegation_not_found: {
    by: () => ({ method: 'DELETE', path: `/v1/delegations/dlg_${NOBODY}` }),
  },
  task_not_found: {
    given: 'Somebody has put a task of their own on the queue.',
    by: () => claim(`task_${NOBODY}`),
  },
};
