/** The effect ledger in memory: one row for each effect key, as `reserve_effect` and `settle_effect` keep them. */
import type { ToolOutcome, ToolStepResult } from '../../src/domain/schemas/step.ts';

export interface Attempt {
  readonly effectKey: string;
  readonly epoch: number;
  readonly nonce: number;
}

type Reservation =
  | { readonly state: 'reserved'; readonly attempt: Attempt }
  | { readonly state: 'settled'; readonly outcome: ToolOutcome }
  | { readonly state: 'outcome_unknown'; readonly epoch: number }
  | { readonly state: 'digest_mismatch' };

interface Row {
  epoch: number;
  nonce: number;
  readonly digest: string;
  settled?: ToolOutcome;
}

export class Ledger {
  readonly rows = new Map<string, Row>();
  #nonce = 0;

  /** `retryOf`: the epoch that an operator wants tried again. */
  reserve(effectKey: string, digest: string, effect: string, retryOf: number | undefined): Reservation {
    const nonce = ++this.#nonce;
    const row = this.rows.get(effectKey);
    if (!row) {
      this.rows.set(effectKey, { epoch: 1, nonce, digest });
      return { state: 'reserved', attempt: { effectKey, epoch: 1, nonce } };
    }
    if (row.digest !== digest) return { state: 'digest_mismatch' };
    if (row.settled) return { state: 'settled', outcome: row.settled };
    if (effect === 'once' && retryOf !== row.epoch) return { state: 'outcome_unknown', epoch: row.epoch };
    if (effect === 'once') row.epoch += 1;
    row.nonce = nonce;
    return { state: 'reserved', attempt: { effectKey, epoch: row.epoch, nonce } };
  }

  /**
   * What became of earlier attempts, where there was one: a call that is refused now may have taken effect then, so that
   * neither "it did not run" nor another revision would be right.
   */
  knownOutcome(effectKey: string, effect: string): ToolStepResult | undefined {
    const row = effect === 'none' ? undefined : this.rows.get(effectKey);
    return row && (row.settled ?? { type: 'outcome_unknown', epoch: row.epoch });
  }

  /** False where the attempt has been replaced or answered for. */
  settle({ effectKey, nonce }: Attempt, outcome: ToolOutcome): boolean {
    const row = this.rows.get(effectKey);
    if (!row || row.nonce !== nonce || row.settled) return false;
    row.settled = outcome;
    return true;
  }

  /** An operator's word settles what nobody has settled. */
  resolve(effectKey: string, outcome: ToolOutcome): void {
    const row = this.rows.get(effectKey);
    if (row) row.settled ??= outcome;
  }
}
