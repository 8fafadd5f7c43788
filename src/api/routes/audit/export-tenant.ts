import { EXPORT_VERSION } from '../../../domain/evidence/export-lines.ts';
import { auditHead } from '../../../store/audit-events.ts';
import { readAuditChain } from '../../../store/read-chain.ts';
import type { Api } from '../../dependencies.ts';
import { problems } from '../../responses.ts';
import type { ApiServer } from '../../server-type.ts';
import { eventPages, exportAnswer, recordExport, sendExport } from './send-export.ts';

/** What belongs to no run: grants, brakes, policy, delegations, exports, and each run's start and end. */
export function registerExportTenant(app: ApiServer, api: Api): void {
  app.get('/v1/audit', {
    config: { action: 'audit.read' },
    schema: {
      operationId: 'exportTenantAudit',
      tags: ['audit'],
      summary: "Export the tenant's audit chain",
      description: 'For auditors and admins. In the same formats as the export of a run; it ends with its own record.',
      response: { 200: exportAnswer, ...problems() },
    },
    handler: async (request, reply) => {
      const { tenant } = request.caller.scope;
      const exportedAt = await recordExport(api, request, { tenant });
      const { seq, hash } = await auditHead(api.store, tenant);
      return sendExport(api, request, reply, `audit-${tenant}`, {
        header: { type: 'header', v: EXPORT_VERSION, kind: 'tenant', tenant, head: { seq, hash }, exportedAt },
        events: () => eventPages(seq, (page) => readAuditChain(api.store, tenant, page)),
        commands: async () => [],
      });
    },
  });
}
