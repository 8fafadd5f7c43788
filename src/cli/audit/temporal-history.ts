/** What Temporal remembers of a run. */
import { WorkflowHistory } from '../../domain/evidence/workflow-history.ts';
import { askProcess } from '../local/ask-process.ts';

/** `address`: `host:port`, where it is not in TEMPORAL_ADDRESS. */
export const temporalHistory = async (workflowId: string, address: string | undefined): Promise<WorkflowHistory> =>
  WorkflowHistory.parse(
    await askProcess({
      program: 'read-history',
      arguments: [workflowId],
      ...(address !== undefined && { environment: { TEMPORAL_ADDRESS: address } }),
      failure: `Temporal's history of ${workflowId} could not be read`,
      next: 'Name its address with --temporal <host:port> or TEMPORAL_ADDRESS.',
    }),
  );
