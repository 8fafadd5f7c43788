import type { GONE } from '../../../src/contract/problems/gone.ts';
import { toolTask } from '../tool-task.ts';
import type { Refusals } from './refusal.ts';
import { claim } from './stage.ts';

const APPROVE = { decision: 'approve' } as const;

export const gone: Refusals<typeof GONE> = {
  expired: {
    given: 'The deadline passed a moment ago.',
    by: async ({ ask }) => (await ask({ decideBy: Date.now() - 1 })).decision(APPROVE),
  },
  withdrawn: {
    given: 'The run goes on, but no longer asks for this.',
    by: async ({ ask }) => {
      const { approval, run, decision } = await ask();
      const { approvalId, revision } = approval;
      await run.happens({ type: 'approval.withdrawn', at: Date.now(), data: { approvalId, revision } });
      return decision(APPROVE);
    },
  },
  run_over: {
    given: 'The run is completed.',
    by: async ({ run }) => {
      const { runId, happens } = await run();
      await happens({ type: 'run.completed', at: Date.now(), data: { receipts: [] } });
      return { path: `/v1/runs/${runId}/messages`, body: { text: 'The customer has called again.' } };
    },
  },
  task_closed: {
    given: 'No worker took the call in time.',
    by: async ({ usual, run }) => claim(await toolTask(usual, await run(), { startBy: Date.now() - 1 })),
  },
};
