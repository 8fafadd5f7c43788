import { ApprovalPage, ListRunApprovalsQuery } from '../../../contract/approvals.ts';
import { PAGE_LIMIT_DEFAULT } from '../../../contract/pagination.ts';
import { RunParams } from '../../../contract/runs.ts';
import { definedOnly } from '../../defined-only.ts';
import type { Api } from '../../dependencies.ts';
import { json, problems } from '../../responses.ts';
import { findRun } from '../../runs/find-run.ts';
import type { ApiServer } from '../../server-type.ts';
import { approvalPage } from './approval-page.ts';

/** The approvals of a run, those of its sub-runs included, oldest first. */
export function registerListRunApprovals(app: ApiServer, api: Api): void {
  app.get('/v1/runs/:runId/approvals', {
    config: { action: 'run.approval.read' },
    schema: {
      operationId: 'listRunApprovals',
      tags: ['approvals'],
      summary: 'List the approvals of a run',
      description: 'What one run has asked, those of its sub-runs included; the inbox is `GET /v1/approvals`.',
      params: RunParams,
      querystring: ListRunApprovalsQuery,
      response: { 200: json('A page of approvals', ApprovalPage), ...problems('run_not_found', 'invalid_cursor') },
    },
    handler: async (request) => {
      const run = await findRun(api, request, request.params.runId);
      const { limit = PAGE_LIMIT_DEFAULT, cursor, ...filters } = request.query;
      const filter = { ...definedOnly(filters), runId: run.runId };
      return approvalPage(api, request, { filter, order: 'age', cursor, limit });
    },
  });
}
