/**
 * The gate: the only place that executes a tool. It proves that the call may run, reserves its effect in the ledger in
 * the same transaction that stores what led here, executes, and settles. The ledger, not Temporal's retries, makes it
 * at most once.
 */
import { randomUUID } from 'node:crypto';
import { effectKey } from '../domain/core/ids.ts';
import type { RunToolInput, RunToolOutput, ToolStepResult } from '../domain/schemas/step.ts';
import { reserveEffect } from '../store/effects.ts';
import type { StepDependencies } from './dependencies.ts';
import { executeTool } from './execute-tool.ts';
import { withHeartbeats } from './heartbeats.ts';
import type { PinnedRuns } from './pinned-run.ts';
import { proveDispatch } from './prove-dispatch.ts';
import type { ProvenCall } from './prove-dispatch.ts';
import { refused } from './refused.ts';
import { finalIfRefused, rideAlong, storeRideAlong } from './ride-along.ts';
import { settle } from './settle.ts';

export const runTool =
  (dependencies: StepDependencies, pinnedRuns: PinnedRuns) =>
  (input: RunToolInput): Promise<RunToolOutput> =>
    withHeartbeats(async (signal) => {
      const run = await pinnedRuns.load(input.run);
      const proof = await proveDispatch(dependencies, run, input);
      const call = signal.aborted ? refused('run_cancelled', 'The run was cancelled.', 'deny') : proof;
      if (call.type === 'proven') return dispatch(dependencies, input, call, signal);
      const { acknowledged } = await storeRideAlong(dependencies.store, input);
      return { acknowledged, result: call };
    });

async function dispatch(
  dependencies: StepDependencies,
  input: RunToolInput,
  call: ProvenCall,
  signal: AbortSignal,
): Promise<RunToolOutput> {
  const { store, clock } = dependencies;
  const key = effectKey(input.run.runId, input.toolCallId, input.revision);
  const nonce = randomUUID();
  const { acknowledged, reservation } = await finalIfRefused(
    reserveEffect(store, {
      append: rideAlong(input),
      effectKey: key,
      digest: call.digest,
      nonce,
      effect: call.tool.effect,
      nowMs: await clock.nowMs(),
    }),
  );
  const answer = (result: ToolStepResult): RunToolOutput => ({ acknowledged, result });
  switch (reservation.state) {
    case 'reserved': {
      const attempt = { tenant: input.run.tenant, effectKey: key, epoch: reservation.epoch, nonce };
      const executed = await executeTool(dependencies, input, call, key, signal);
      return answer(await settle(dependencies, attempt, executed));
    }
    case 'settled':
      return answer(reservation.result);
    case 'outcome_unknown':
      return answer({ type: 'outcome_unknown' });
    case 'digest_mismatch':
      return answer(refused('effect_key_reused', 'This effect key stands for another call in the ledger.'));
    case 'run_over':
      return answer(refused('run_over', 'The run is over.', 'deny'));
  }
}
