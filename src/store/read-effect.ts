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
}

const READ = {
  name: 'read_effect_2',
  text: 'SELECT run_id, digest, epoch, reserved_at, settled_at FROM effects WHERE tenant = $1 AND effect_key = $2',
};

/** For people who look at a parked call. The gate asks by reserving. */
export async function readEffect(store: Store, tenant: string, effectKey: string): Promise<EffectRow | undefined> {
  const [row] = (await execute(store, READ, [tenant, effectKey])) as {
    run_id: string;
    digest: string;
    epoch: number;
    reserved_at: number;
    settled_at: number | null;
  }[];
  return (
    row && {
      runId: row.run_id,
      digest: row.digest,
      epoch: row.epoch,
      reservedAt: row.reserved_at,
      settledAt: row.settled_at,
    }
  );
}
