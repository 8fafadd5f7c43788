/**
 * The gate: the only place that executes a tool. It proves that the call may run, reserves its effect in the ledger in
 * the same transaction that stores what led here, executes, and settles. The ledger, not Temporal's retries, makes it
 * at most once.
 */
import { randomUUID } from 'node:crypto';
import { ApplicationFailure } from '@temporalio/activity';
import type { JsonValue } from '../domain/arguments/canonical-json.ts';
import { approvalId, effectKey } from '../domain/core/ids.ts';
import type { RunToolInput, RunToolOutput } from '../domain/schemas/step.ts';
import { reserveToldEffect } from '../store/append-told-events.ts';
import type { Reservation } from '../store/effects.ts';
import { appendEvents } from '../store/events.ts';
import { admitDispatch } from './admit.ts';
import { createSubRun } from './create-sub-run.ts';
import { unlessDrifted } from './drifted.ts';
import { executeTool } from './execute-tool.ts';
import { isTakenAway, takenAway, withHeartbeats } from './heartbeats.ts';
import { loadRun } from './load-run.ts';
import type { PinnedRun } from './pinned-run.ts';
import { proveDispatch } from './prove-dispatch.ts';
import type { Prover } from './prover.ts';
import { dispatchOf, refuse } from './refuse.ts';
import { refused } from './refused.ts';
import { reportRefusal } from './report-refusal.ts';
import { finalIfRefused, rideAlong, storeRideAlong } from './ride-along.ts';
import { NO_STATE } from './run-state.ts';
import type { RunStates } from './run-state.ts';
import { lateReport, runOnQueue, taskIdOf } from './run-on-queue.ts';
import { settle } from './settle.ts';
import { awaitSlot } from './slot.ts';
import type { HeldSlot } from './slot.ts';
import { withCredential } from './with-credential.ts';
import type { ReadyCall } from './with-credential.ts';

export interface GateParts extends Prover {
  readonly states: RunStates;
}

export const runTool =
  (gate: GateParts) =>
  (input: RunToolInput): Promise<RunToolOutput> =>
    withHeartbeats(async (signal) => {
      const { dependencies, pinnedRuns } = gate;
      await admitDispatch(dependencies, input);
      const run = await loadRun(dependencies, pinnedRuns, input);
      const slot = await slotFor(gate, input);
      const proof = await proveDispatch(gate, run, input, slot);
      if (isTakenAway()) throw takenAway();
      const call = signal.aborted ? refused('run_cancelled', 'The run was cancelled.', 'deny') : proof;
      // Only now: what nobody has consented to gets no secret.
      const ready = call.type === 'proven' ? await withCredential(dependencies, run.start, call, signal) : call;
      const final = ready.type === 'proven' ? await unlessDrifted(dependencies, run, ready, signal) : ready;
      if (final.type === 'proven') return dispatch(gate, run, input, final, signal);
      await reportRefusal(dependencies, input, final);
      return refuse(dependencies, input, final);
    });

/** What led here is stored first: it says whether the run is running, and waits for nobody. */
async function slotFor({ dependencies }: GateParts, input: RunToolInput): Promise<HeldSlot | undefined> {
  if (dependencies.maxActiveRunsPerRequester === undefined) return undefined;
  await storeRideAlong(dependencies.store, input);
  return awaitSlot(dependencies, input);
}

/** A brake is looked at again so soon: a call goes on by itself once it is released. */
const BRAKED_RETRY_MS = 2_000;

type Result = RunToolOutput['result'];

interface Dispatch {
  readonly run: PinnedRun;
  readonly input: RunToolInput;
  readonly call: ReadyCall;
  readonly agent: string;
  readonly key: string;
  readonly nonce: string;
  readonly state: JsonValue;
  readonly signal: AbortSignal;
}

async function dispatch(
  gate: GateParts,
  run: PinnedRun,
  input: RunToolInput,
  call: ReadyCall,
  signal: AbortSignal,
): Promise<RunToolOutput> {
  const { store, clock } = gate.dependencies;
  const { runId, agent, project } = run.start;
  const key = effectKey(runId, input.toolCallId, input.revision);
  // On another task queue every attempt at this dispatch is the same one: it comes back to the same task.
  const nonce = call.tool.queue ? taskIdOf(input, key) : randomUUID();
  // Before the effect is reserved: from then on, nothing that can fail stands before the tool.
  const { state, riding } = await readState(gate, run, input);
  const reservation = await unlessReplaced(
    reserveToldEffect(store, {
      append: rideAlong(riding),
      effectKey: key,
      digest: call.digest,
      nonce,
      effect: call.tool.effect,
      nowMs: await clock.nowMs(),
      project,
      agent,
      tool: input.tool,
      toolCallId: input.toolCallId,
      dispatch: dispatchOf(input),
      ...(input.basis === 'consent' && {
        approval: { approvalId: approvalId(runId, input.toolCallId), revision: input.revision },
      }),
      ...(call.executeBy !== undefined && { executeBy: call.executeBy }),
      ...(call.grantId !== undefined && { grantId: call.grantId }),
      ...(call.retryEpoch !== undefined && { retryEpoch: call.retryEpoch }),
    }),
  );
  if (!reservation) {
    const replaced = refused('run_replaced', 'Another run took the place of this one.', 'deny');
    return refuse(gate.dependencies, input, replaced);
  }
  const given = { run, input, call, agent, key, nonce, state, signal };
  return { acknowledged: input.events.at(-1)?.ordinal ?? 0, result: await carryOut(gate, given, reservation) };
}

/** What rides along may set the state: it is stored first, and nothing rides any more. */
async function readState({ dependencies, states }: GateParts, run: PinnedRun, input: RunToolInput) {
  if (!states.mayHaveState(run)) return { state: NO_STATE, riding: input };
  await storeRideAlong(dependencies.store, input);
  return { state: await states.read(run), riding: { ...input, events: [] } };
}

/** Undefined where another run of the conversation has taken this one's place: nothing new is reserved for it. */
async function unlessReplaced(reserving: ReturnType<typeof reserveToldEffect>): Promise<Reservation | undefined> {
  try {
    const { reservation } = await finalIfRefused(reserving);
    return reservation;
  } catch (error) {
    if (error instanceof ApplicationFailure && error.type === 'run_replaced') return undefined;
    throw error;
  }
}

async function carryOut(gate: GateParts, given: Dispatch, reservation: Reservation): Promise<Result> {
  switch (reservation.state) {
    case 'reserved':
      return execute(gate, given, reservation);
    case 'settled':
      return reservation.result;
    case 'outcome_unknown':
      return late(gate, given, reservation);
    case 'grant_unusable':
      return given.call.askInstead();
    case 'digest_mismatch':
      return refused('effect_key_reused', 'This effect key stands for another call in the ledger.');
    case 'refused':
      return refused(reservation.code, REFUSED_MEANWHILE[reservation.code], 'deny');
    case 'run_over':
      return refused('run_over', 'The run is over.', 'deny');
    case 'braked':
      return hold(gate, given, reservation.brakeId);
  }
}

/** What has become of the call between its proof and the ledger. */
const REFUSED_MEANWHILE = {
  dispatch_refused: 'This dispatch was refused before.',
  execution_expired: 'The approval of this call ran out before it could run.',
  approval_closed: 'This approval is closed, or another revision has taken its place.',
} as const;

type Reserved = Extract<Reservation, { state: 'reserved' }>;

async function execute(gate: GateParts, given: Dispatch, { epoch }: Reserved): Promise<Result> {
  const { dependencies } = gate;
  const { run, input, call, key, nonce, state, signal } = given;
  const { tenant } = input.run;
  const attempt = { tenant, effectKey: key, epoch, nonce };
  if (call.tool.role === 'agent' && call.tool.agent)
    return createSubRun(dependencies, { run, input, call, agent: call.tool.agent, attempt });
  const { queue } = call.tool;
  const executed = queue
    ? await runOnQueue(dependencies, { ...given, queue, effectKey: key, epoch, taskId: nonce })
    : await executeTool(dependencies, { input, call, effectKey: key, state, signal });
  if (executed && 'type' in executed) return executed;
  // Left unsettled: the ledger says `outcome_unknown` to whoever asks next, and a person says what holds.
  if (!executed) return { type: 'outcome_unknown', epoch };
  return settle(dependencies, input, attempt, executed);
}

type Unknown = Extract<Reservation, { state: 'outcome_unknown' }>;

/** A worker of another task queue may have reported since the gate gave it up. */
async function late(
  { dependencies }: GateParts,
  { input, call, key }: Dispatch,
  { epoch, attemptNonce }: Unknown,
): Promise<Result> {
  const { tenant } = input.run;
  const reported = call.tool.queue && (await lateReport(dependencies, call, input.run, attemptNonce));
  if (!reported) return { type: 'outcome_unknown', epoch };
  return settle(dependencies, input, { tenant, effectKey: key, epoch, nonce: attemptNonce }, reported);
}

/** Told once a brake; the step is tried again until the brake is released or the run ends. */
async function hold({ dependencies }: GateParts, { input, key }: Dispatch, brakeId: string): Promise<never> {
  const { tenant, project, rootRunId, runId } = input.run;
  const data = { toolCallId: input.toolCallId, tool: input.tool, code: 'braked', brakeId };
  const event = { type: 'tool.held', at: await dependencies.clock.nowMs(), data } as const;
  const origin = `held:${key}:${brakeId}`;
  await appendEvents(dependencies.store, {
    tenant,
    project,
    rootRunId,
    runId,
    origin,
    events: [{ ordinal: 1, event }],
  });
  throw ApplicationFailure.create({
    message: `The brake ${brakeId} keeps this call back.`,
    type: 'braked',
    nonRetryable: false,
    nextRetryDelay: BRAKED_RETRY_MS,
  });
}
