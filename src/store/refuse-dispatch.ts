import type { ToolOutcome } from '../domain/schemas/step.ts';
import { execute } from './database.ts';
import type { Store } from './database.ts';
import { outcomeFrom } from './effects.ts';
import type { OutcomeRow } from './effects.ts';
import { toldParameters } from './events.ts';
import type { AppendRequest } from './events.ts';

export interface RefuseRequest {
  /** The events that ride along. */
  readonly append: AppendRequest;
  readonly effectKey: string;
  /** Of the exact call. */
  readonly digest: string;
  /** Names the dispatch, with all its attempts. */
  readonly dispatch: string;
  /** An operator has ordered it, after an attempt whose outcome nobody knows. */
  readonly isRetry: boolean;
  readonly nowMs: number;
}

/** What the ledger has of a call that is refused: what may have run is never said not to have run. */
export type Refusal =
  | { readonly state: 'refused' }
  | { readonly state: 'settled'; readonly result: ToolOutcome }
  | { readonly state: 'outcome_unknown'; readonly epoch: number };

interface RefusalRow extends OutcomeRow {
  readonly state: Refusal['state'];
  readonly epoch: number;
}

const REFUSE = {
  name: 'refuse_dispatch_1',
  text: `SELECT * FROM refuse_dispatch(
    $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)`,
};

/**
 * Stores the events that ride along and puts a dispatch down as refused, in one statement: an attempt of it that was
 * frozen before it reserved reserves nothing when it wakes.
 */
export async function refuseDispatch(store: Store, request: RefuseRequest): Promise<Refusal> {
  const { append, effectKey, digest, dispatch, isRetry, nowMs } = request;
  const values = [...toldParameters(append), effectKey, digest, dispatch, isRetry, nowMs];
  const [row] = (await execute(store, REFUSE, values)) as [RefusalRow];
  const result = outcomeFrom(row);
  if (row.state === 'settled' && result) return { state: 'settled', result };
  return row.state === 'refused' ? { state: 'refused' } : { state: 'outcome_unknown', epoch: row.epoch };
}
