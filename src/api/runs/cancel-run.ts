import type { CancelRun } from '../../contract/run-commands.ts';
import { isFinished, runCan } from '../../domain/core/run-status.ts';
import type { CancelCommand, SignedCommand } from '../../domain/schemas/command.ts';
import { isTemporalUnavailable } from '../../gateway/temporal-faults.ts';
import { makeBlob } from '../../store/blobs.ts';
import { recordCancelRequest } from '../../store/run-rows.ts';
import type { RunRow } from '../../store/run-rows.ts';
import { derivedId, randomId } from '../decisions/decision-id.ts';
import { signAndRecord } from '../decisions/sign-and-record.ts';
import type { Api, Caller } from '../dependencies.ts';
import { HttpProblem } from '../http-problem.ts';
import { awaitRun } from './await-run.ts';

/** How long the answer waits for the run to end: cancelling an idle run takes far less, a busy tool may take longer. */
const END_WAIT_MS = 2_000;

export interface CancelOrder {
  readonly caller: Caller;
  readonly run: RunRow;
  readonly request: CancelRun;
  readonly idempotencyKey: string | undefined;
  readonly signal: AbortSignal;
}

/** Cancels a run, or finds that it is over. Cancelling twice is cancelling once. */
export async function cancelRun(api: Api, order: CancelOrder): Promise<{ run: RunRow; cancelled: boolean }> {
  const { caller, run, request, idempotencyKey, signal } = order;
  if (!runCan('cancel', run.status)) return { run, cancelled: run.status === 'cancelled' };
  const { tenant, project, runId } = run;
  const reason = request.reason === undefined ? undefined : makeBlob({ text: request.reason });
  const { principal } = caller.actor;
  const command: CancelCommand = {
    type: 'cancel',
    runId,
    commandId: idempotencyKey === undefined ? randomId('cmd') : derivedId('cmd', runId, principal, idempotencyKey),
    ...(reason && { reasonRef: reason.ref }),
  };
  const signed = await signAndRecord(api, {
    caller,
    address: { tenant, project, runId },
    command,
    nowMs: await api.clock.nowMs(),
    contributes: false,
    blobs: reason ? [reason] : [],
  });
  // Recorded before it is sent: what Temporal cannot take now, the reconciler sends later.
  await recordCancelRequest(api.store, run, runId, signed);
  // Whichever process drives it looks for what is recorded.
  if (run.drivenBy !== null) api.classic?.look();
  else await send(api, run, signed);
  const after = await awaitRun(api, run, isFinished, { timeoutMs: END_WAIT_MS, signal });
  return { run: after, cancelled: !isFinished(after.status) || after.status === 'cancelled' };
}

async function send(api: Api, { tenant, project, runId }: RunRow, signed: SignedCommand): Promise<void> {
  try {
    await api.gateway.command({ tenant, project, runId }, 'cancel', signed);
  } catch (error) {
    if (!isTemporalUnavailable(error)) throw error;
    throw new HttpProblem('temporal_unavailable', {
      detail: 'The cancellation is recorded, but Temporal did not take it yet. It is sent once Temporal is back.',
      extras: { runId },
      cause: error,
    });
  }
}
