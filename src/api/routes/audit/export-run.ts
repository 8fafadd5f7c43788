import { RunParams } from '../../../contract/runs.ts';
import { getRun } from '../../../store/run-rows.ts';
import type { Api } from '../../dependencies.ts';
import { HttpProblem } from '../../http-problem.ts';
import { problems } from '../../responses.ts';
import { findRun } from '../../runs/find-run.ts';
import type { ApiServer } from '../../server-type.ts';
import { runExport } from './run-export.ts';
import { exportAnswer, recordExport, sendExport } from './send-export.ts';

/** The evidence of a run: whoever may see the run may take it away and check it. */
export function registerExportRun(app: ApiServer, api: Api): void {
  app.get('/v1/runs/:runId/audit', {
    config: { action: 'run.read' },
    schema: {
      operationId: 'exportRunAudit',
      tags: ['audit'],
      summary: 'Export the audit chain of a run',
      description:
        'The whole chain of the root run as it is now, with the signed commands that its events rest on. JSON Lines is ' +
        'what `countersign audit verify` reads; CloudEvents by `Accept`. The export is itself recorded.',
      params: RunParams,
      response: { 200: exportAnswer, ...problems('run_not_found') },
    },
    handler: async (request, reply) => {
      const { tenant, project, rootRunId } = await findRun(api, request, request.params.runId);
      const exportedAt = await recordExport(api, request, { rootRunId });
      // Read after that time: whatever was stored by then is in it.
      const root = await getRun(api.store, { tenant, project }, rootRunId);
      if (!root) throw new HttpProblem('run_not_found');
      return sendExport(api, request, reply, root.runId, runExport(api, root, exportedAt));
    },
  });
}
