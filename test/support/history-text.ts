/** All that Temporal remembers of a workflow, as one text in which payloads can be searched. */
import proto from '@temporalio/proto';
import type { Client } from '@temporalio/client';

const { History } = proto.temporal.api.history.v1;

/** By its bytes: as JSON, payloads would be base64, and nothing could be found in them. */
export const historyText = async (client: Client, workflowId: string): Promise<string> => {
  const history = await client.workflow.getHandle(workflowId).fetchHistory();
  return Buffer.from(History.encode(history).finish()).toString('utf8');
};
