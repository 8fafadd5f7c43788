import { execute } from './database.ts';
import type { Store } from './database.ts';

/** What the effect ledger has of a call. */
export interface EffectRow {
  readonly runId: string;
  /** Of the exact call. */
  readonly digest: string;
  readonly epoch: number;
  readonly reservedAt: number;
  /** Null: the attempt has not reported. */
  readonly settledAt: number | null;
  /** As the attempt itself reported, or a person in its place; null: nobody has. */
  readonly outcome: 'completed' | 'failed' | null;
  readonly resolvedBy: string | null;
}

const READ = {
  name: 'read_effect_3',
  text: `SELECT run_id, digest, epoch, reserved_at, settled_at, outcome, resolved_by FROM effects
    WHERE tenant = $1 AND effect_key = $2`,
};

/** For people who look at a parked call. The gate asks by reserving. */
export async function readEffect(store: Store, tenant: string, effectKey: string): Promise<EffectRow | undefined> {
  const [row] = (await execute(store, READ, [tenant, effectKey])) as {
    run_id: string;
    digest: string;
    epoch: number;
    reserved_at: number;
    settled_at: number | null;
    outcome: EffectRow['outcome'];
    resolved_by: string | null;
  }[];
  return (
    row && {
      runId: row.run_id,
      digest: row.digest,
      epoch: row.epoch,
      reservedAt: row.reserved_at,
      settledAt: row.settled_at,
      outcome: row.outcome,
      resolvedBy: row.resolved_by,
    }
  );
}
