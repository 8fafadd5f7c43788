/** An operator says how a parked call goes on: bound to the attempt that the run and the ledger know of. */
import type { CommandedRun, ResolveCall } from '../../contract/run-commands.ts';
import type { JsonValue } from '../../domain/arguments/json-value.ts';
import { concernsRun } from '../../domain/core/state.ts';
import { makeBlob } from '../../store/blobs.ts';
import { getDefinition } from '../../store/definitions.ts';
import type { RunRow } from '../../store/run-rows.ts';
import type { Api } from '../dependencies.ts';
import { guardText } from '../guards/guard-text.ts';
import { HttpProblem } from '../http-problem.ts';
import { timestamp } from '../views/time.ts';
import { commandRun } from './command-run.ts';
import type { CommandAnswer, PreparedCommand, RunOrder } from './command-run.ts';
import { isOutcomeKnown, mayRunUntil, parkedAttempt, resolutionsOf } from './parked-call.ts';
import type { ParkedAttempt } from './parked-call.ts';
import { projectRun } from './run-projection.ts';

export interface ResolveAnswer extends CommandAnswer {
  readonly warnings: CommandedRun['warnings'];
}

/** Throws the problem where the call is not parked, or not the one that was looked at. */
export async function resolveCall(api: Api, order: RunOrder<ResolveCall>): Promise<ResolveAnswer> {
  const warnings: CommandedRun['warnings'][number][] = [];
  const answer = await commandRun(api, 'resolve', order, async (commandId, nowMs) => {
    const attempt = await findAttempt(api, order);
    const { resolution } = order.request;
    const until = resolution === 'retry' ? await runningUntil(api, order.run, attempt, nowMs) : undefined;
    if (until !== undefined) warnings.push(mayStillRun(until));
    const { request, notices } = await guardText(api, order.request, { reason: 'reason', result: 'result' });
    return { ...prepare({ ...order, request }, attempt, commandId), guards: notices };
  });
  return { ...answer, warnings };
}

const mayStillRun = (until: number) => ({
  code: 'attempt_may_still_run',
  detail: `The attempt before may still be running, until ${timestamp(until)}: the tool may take effect twice.`,
});

async function runningUntil(api: Api, run: RunRow, attempt: ParkedAttempt, nowMs: number): Promise<number | undefined> {
  const definition = await getDefinition(api.store, run, run.agentDigest);
  return mayRunUntil(
    attempt,
    definition?.tools.find(({ name }) => name === attempt.call.tool),
    nowMs,
  );
}

async function findAttempt(api: Api, { run, request }: RunOrder<ResolveCall>): Promise<ParkedAttempt> {
  const { state } = await projectRun(api.store, run);
  const { toolCallId } = request;
  const concern = (state.attentions ?? []).find((one) => one.toolCallId === toolCallId);
  const call = state.calls.find((one) => one.toolCallId === toolCallId);
  if (!concern || concernsRun(concern) || call?.status !== 'parked') throw new HttpProblem('not_parked');
  const attempt = await parkedAttempt(api.store, run, call);
  if (isOutcomeKnown(attempt)) {
    // The attempt has reported: what really happened stands. All that is missing is that the run looks.
    const { tenant, project, runId } = run;
    await api.gateway.recheck({ tenant, project, runId }, toolCallId);
    throw new HttpProblem('effect_settled');
  }
  const isOther =
    (request.epoch !== undefined && request.epoch !== attempt.epoch) ||
    (request.digest !== undefined && request.digest !== call.digest);
  if (isOther) throw new HttpProblem('attempt_changed');
  if (!resolutionsOf(call).includes(request.resolution)) throw new HttpProblem('resolution_not_allowed');
  return attempt;
}

function prepare(
  { run, request }: RunOrder<ResolveCall>,
  attempt: ParkedAttempt,
  commandId: string,
): Omit<PreparedCommand, 'guards'> {
  const { call, effectKey, epoch } = attempt;
  const { resolution, toolCallId } = request;
  if (call.digest === undefined) throw new HttpProblem('resolution_not_allowed');
  const reason = makeBlob({ text: request.reason });
  const result = resolution === 'mark_done' ? makeBlob({ result: request.result as JsonValue }) : undefined;
  return {
    command: {
      type: 'resolve',
      runId: run.runId,
      commandId,
      toolCallId,
      effectKey,
      digest: call.digest,
      epoch,
      resolution,
      ...(result && { resultRef: result.ref }),
      reasonRef: reason.ref,
    },
    blobs: result ? [reason, result] : [reason],
    contributes: resolution !== 'retry',
  };
}
