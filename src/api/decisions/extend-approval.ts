/** More time for an approval: a signed command, answered on the event that it leads to. */
import type { ExtendApproval } from '../../contract/decisions.ts';
import { isProblemCode } from '../../contract/problem.ts';
import type { ProblemCode } from '../../contract/problem.ts';
import { MAX_OPEN_MS } from '../../domain/core/judge-command.ts';
import { endedBy, runCan } from '../../domain/core/run-status.ts';
import type { ExtendCommand } from '../../domain/schemas/command.ts';
import type { StoredEvent } from '../../domain/schemas/event.ts';
import { makeBlob } from '../../store/blobs.ts';
import type { Api, Caller } from '../dependencies.ts';
import { HttpProblem } from '../http-problem.ts';
import { waitForAnswer } from '../streams/wait-for-event.ts';
import { derivedId } from './decision-id.ts';
import type { FoundApproval } from './find-approval.ts';
import { closedCode, extensionFault } from './may-decide.ts';
import { signAndRecord } from './sign-and-record.ts';

export interface ExtendOrder extends FoundApproval {
  readonly caller: Caller;
  readonly request: ExtendApproval;
  readonly signal: AbortSignal;
}

export interface ExtendAnswer {
  readonly outcome: 'extended' | 'already_extended' | 'pending';
  readonly commandId: string;
}

/** Throws the problem where the deadline cannot be moved. Moving it to where it is changes nothing. */
export async function extendApproval(api: Api, order: ExtendOrder): Promise<ExtendAnswer> {
  const { caller, run, approval, request, signal } = order;
  const fault = extensionFault(caller, approval);
  if (fault) throw new HttpProblem(fault);
  const decideBy = Date.parse(request.decideBy);
  const { principal } = caller.actor;
  const { approvalId, revision } = approval;
  // The same deadline again is the same command.
  const commandId = derivedId('cmd', 'extend', approvalId, revision, approval.decideBy, decideBy, principal);
  const nowMs = await api.clock.nowMs();
  if (!runCan('extend', run.status)) throw new HttpProblem('run_over');
  const closed = closedCode(approval, nowMs);
  if (closed) throw new HttpProblem(closed);
  if (decideBy === approval.decideBy) return { outcome: 'already_extended', commandId };
  if (decideBy < approval.decideBy || decideBy > approval.requestedAt + MAX_OPEN_MS)
    throw new HttpProblem('deadline_not_allowed');
  const reason = request.reason === undefined ? undefined : makeBlob({ text: request.reason });
  const { tenant, project, runId } = run;
  const address = { tenant, project, runId };
  const command: ExtendCommand = {
    type: 'extend',
    runId,
    commandId,
    approvalId,
    revision,
    decideBy,
    ...(reason && { reasonRef: reason.ref }),
  };
  const blobs = reason ? [reason] : [];
  const signed = await signAndRecord(api, { caller, address, command, nowMs, contributes: false, blobs });
  using wait = waitForAnswer(api.feed, run, signal, (event) => answerIn(event, commandId));
  const delivery = await api.gateway.command(address, 'extend', signed);
  if (delivery === 'run_over') throw new HttpProblem('run_over');
  if (delivery === 'unknown_run') throw new HttpProblem('temporal_unavailable');
  const answer = await wait.within(api.limits.decisionWaitMs);
  if (answer && answer !== 'extended') throw new HttpProblem(answer);
  return { outcome: answer ?? 'pending', commandId };
}

function answerIn({ type, data }: StoredEvent, commandId: string): 'extended' | ProblemCode | undefined {
  // A run that has ended says nothing more: what crossed its end is not answered.
  if (endedBy(type)) return 'run_over';
  if (data['commandId'] !== commandId) return undefined;
  if (type === 'approval.extended') return 'extended';
  if (type !== 'command.refused') return undefined;
  const code = String(data['code']);
  return isProblemCode(code) ? code : 'decision_refused';
}
