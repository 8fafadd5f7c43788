import { ClaimTask, ClaimedTask, ToolTaskParams } from '../../../contract/tool-tasks.ts';
import type { Api } from '../../dependencies.ts';
import { CommandHeaders } from '../../idempotency-key.ts';
import { json, problems } from '../../responses.ts';
import type { ApiServer } from '../../server-type.ts';
import { claimTask } from '../../tool-tasks/claim-task.ts';

/** A worker of another task queue takes a call, and gets what it needs to carry it out. */
export function registerClaimTask(app: ApiServer, api: Api): void {
  app.post('/v1/tool-tasks/:taskId/claim', {
    config: { action: 'run.call.carry_out' },
    schema: {
      operationId: 'claimTask',
      tags: ['tool workers'],
      summary: 'Take a call from a task queue',
      description:
        'For workers in other languages: gives the arguments and a signed permit, once, of a call whose effect is ' +
        'reserved. The same claimant is answered the same again.',
      headers: CommandHeaders,
      params: ToolTaskParams,
      body: ClaimTask,
      response: {
        200: json('It is yours to carry out', ClaimedTask),
        ...problems('malformed_json', 'task_not_found', 'task_taken', 'task_braked', 'task_closed'),
      },
    },
    handler: ({ caller, params, body }) => claimTask(api, caller, params.taskId, body.claimant),
  });
}
