/** Which of a turn's calls ran with other arguments than the model's, since a person changed them. */
import { approvalId } from '../domain/core/ids.ts';
import { isAnsweredByPeople } from '../domain/core/tool-roles.ts';
import type { JudgedCall, RunEvent } from '../domain/schemas/event.ts';
import type { BlobRef, Scope } from '../domain/schemas/names.ts';
import { getApproval } from '../store/approvals.ts';
import type { Store } from '../store/database.ts';

const isOutcome = (event: RunEvent): event is Extract<RunEvent, { type: 'tool.completed' | 'tool.failed' }> =>
  event.type === 'tool.completed' || event.type === 'tool.failed';

/** `open`: judged calls of the turn that the events before these began. */
export const readEditedCalls = async (
  store: Store,
  scope: Scope,
  runId: string,
  open: readonly JudgedCall[],
  events: readonly RunEvent[],
): Promise<ReadonlyMap<string, BlobRef>> => {
  const judged = new Map(
    [...open, ...events.flatMap((event) => (event.type === 'message.completed' ? event.data.calls : []))].map(
      (call) => [call.toolCallId, call],
    ),
  );
  // The last decision on each: one that the gate refused may have been followed by another.
  const decided = new Map(
    events.flatMap((event) => (event.type === 'approval.decided' ? [[event.data.approvalId, event.data.digest]] : [])),
  );
  const edited = new Map<string, BlobRef>();
  await Promise.all(
    events.filter(isOutcome).map(async ({ data: { toolCallId } }) => {
      const call = judged.get(toolCallId);
      // Only what people were asked for can have been edited.
      if (call?.verdict?.effect !== 'ask' || isAnsweredByPeople(call.role) || call.grantId !== undefined) return;
      const id = approvalId(runId, toolCallId);
      // Decided as the model asked for it: the digest stands for the arguments, too.
      if (call.digest !== undefined && decided.get(id) === call.digest) return;
      const approval = await getApproval(store, scope, id);
      const ran = approval?.decision?.editedArgumentsRef ?? approval?.argumentsRef;
      if (ran && ran.sha256 !== call.argumentsRef?.sha256) edited.set(toolCallId, ran);
    }),
  );
  return edited;
};
