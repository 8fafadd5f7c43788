import { ReportTask, ReportedTask, ToolTaskParams } from '../../../contract/tool-tasks.ts';
import type { Api } from '../../dependencies.ts';
import { CommandHeaders } from '../../idempotency-key.ts';
import { json, problems } from '../../responses.ts';
import type { ApiServer } from '../../server-type.ts';
import { reportTask } from '../../tool-tasks/report-task.ts';

/** The worker that has a call says what became of it. */
export function registerReportTask(app: ApiServer, api: Api): void {
  app.post('/v1/tool-tasks/:taskId/report', {
    config: { action: 'run.call.carry_out' },
    schema: {
      operationId: 'reportTask',
      tags: ['tool workers'],
      summary: 'Say how a call ended',
      description: 'To be sent before the activity ends, and again until it is answered. The first report stands.',
      headers: CommandHeaders,
      params: ToolTaskParams,
      body: ReportTask,
      response: {
        200: json('What stands', ReportedTask),
        ...problems('malformed_json', 'task_not_found', 'task_taken'),
      },
    },
    handler: ({ caller, params, body }) => reportTask(api, caller, params.taskId, body),
  });
}
