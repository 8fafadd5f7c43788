import { ApprovalPage, ListApprovalsQuery } from '../../../contract/approvals.ts';
import { PAGE_LIMIT_DEFAULT } from '../../../contract/pagination.ts';
import { definedOnly } from '../../defined-only.ts';
import type { Api } from '../../dependencies.ts';
import { json, problems } from '../../responses.ts';
import type { ApiServer } from '../../server-type.ts';
import { approvalPage } from './approval-page.ts';

/** The inbox: what asks for consent in the whole project. */
export function registerListApprovals(app: ApiServer, api: Api): void {
  app.get('/v1/approvals', {
    config: { action: 'run.approval.read' },
    schema: {
      operationId: 'listApprovals',
      tags: ['approvals'],
      summary: 'List approvals of all runs',
      description:
        'The inbox: what waits for people in the project, by deadline or age. `viewer` says of each what you may do.',
      querystring: ListApprovalsQuery,
      response: { 200: json('A page of approvals', ApprovalPage), ...problems('invalid_cursor') },
    },
    handler: async (request) => {
      const { limit = PAGE_LIMIT_DEFAULT, order = 'deadline', cursor, ...filters } = request.query;
      return approvalPage(api, request, { filter: definedOnly(filters), order, cursor, limit });
    },
  });
}
