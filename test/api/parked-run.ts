// A run with a call that is parked, since nobody knows what became of it.
import { scope } from './api-world.ts';
import type { ApiWorld } from './api-world.ts';
import { obedientRun } from './obedient-run.ts';
import type { ObedientRun } from './obedient-run.ts';

export interface ParkedRun {
  readonly run: ObedientRun;
  readonly effectKey: string;
  readonly digest: string;
}

/** An attempt that reserved and never reported. */
export async function parkedRun(world: ApiWorld, given: { reservedAt?: number } = {}): Promise<ParkedRun> {
  const run = await obedientRun(world);
  const { effectKey, digest } = await run.callsRefund();
  const reservedAt = given.reservedAt ?? Date.now();
  await world.store.pool.query(
    `INSERT INTO effects (tenant, effect_key, run_id, digest, effect, epoch, nonce, reserved_at)
     VALUES ($1, $2, $3, $4, 'once', 1, 'lost', $5)`,
    [scope.tenant, effectKey, run.runId, digest, reservedAt],
  );
  await run.does({ type: 'tool_settled', toolCallId: 'call_1_0', result: { type: 'outcome_unknown', epoch: 1 } });
  return { run, effectKey, digest };
}

/** The attempt reports after all. */
export const settleEffect = (world: ApiWorld, effectKey: string) =>
  world.store.pool.query(
    `UPDATE effects SET settled_at = $2, outcome = 'completed', content_sha256 = '\\x00', content_bytes = 1
     WHERE effect_key = $1`,
    [effectKey, Date.now()],
  );

/** A call that was never started: its tool is another one than the run was made with. */
export async function driftedRun(world: ApiWorld): Promise<ObedientRun> {
  const run = await obedientRun(world);
  await run.callsRefund();
  const detailRef = await run.keeps({ pinned: { name: 'refund', v: 1 }, current: { name: 'refund', v: 2 } });
  await run.does({
    type: 'tool_settled',
    toolCallId: 'call_1_0',
    result: { type: 'refused', code: 'tool_drifted', message: 'The tool is another one.', then: 'park', detailRef },
  });
  return run;
}
