import type { ToolEffect } from '../domain/schemas/agent.ts';
import type { RunStatus } from '../domain/schemas/run.ts';
import type { ToolOutcome } from '../domain/schemas/step.ts';
import { blobParameters, rememberBlobs } from './blobs.ts';
import type { NewBlob } from './blobs.ts';
import { blobRefFrom } from './blob-ref.ts';
import { execute } from './database.ts';
import type { Store } from './database.ts';
import { appendParameters } from './events.ts';
import type { AppendRequest } from './events.ts';
import { storableText } from './storable-text.ts';

export interface ReserveRequest {
  /** The events that ride along. Their `onlyIfUnfinished` is not heeded. */
  readonly append: AppendRequest;
  readonly effectKey: string;
  /** Of the exact call. */
  readonly digest: string;
  /** Names the attempt: only its bearer may settle. */
  readonly nonce: string;
  readonly effect: ToolEffect;
  readonly nowMs: number;
}

export type Reservation =
  /** Execute, then settle under this epoch and the own nonce. */
  | { readonly state: 'reserved'; readonly epoch: number }
  | { readonly state: 'settled'; readonly result: ToolOutcome }
  | { readonly state: 'digest_mismatch' }
  /** Another attempt may have run the tool, and it must not run twice. */
  | { readonly state: 'outcome_unknown'; readonly epoch: number; readonly attemptNonce: string }
  | { readonly state: 'run_over'; readonly status: RunStatus };

interface OutcomeRow {
  readonly outcome: ToolOutcome['type'] | null;
  readonly content_sha256: Buffer | null;
  readonly content_bytes: number | null;
  readonly failure_code: string | null;
}

interface ReservationRow extends OutcomeRow {
  readonly stored_ordinal: number;
  readonly state: Reservation['state'];
  readonly run_status: RunStatus;
  readonly epoch: number;
  readonly attempt_nonce: string;
}

const RESERVE = {
  name: 'reserve_effect_1',
  text: 'SELECT * FROM reserve_effect($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)',
};

/**
 * Stores the events that ride along and reserves an effect, in one statement that is committed before the tool runs.
 * The same attempt asking again gets the same answer.
 */
export async function reserveEffect(
  store: Store,
  request: ReserveRequest,
): Promise<{ readonly acknowledged: number; readonly reservation: Reservation }> {
  const { append, effectKey, digest, nonce, effect, nowMs } = request;
  const [row] = (await execute(store, RESERVE, [
    ...appendParameters(append),
    effectKey,
    digest,
    nonce,
    effect,
    nowMs,
  ])) as [ReservationRow];
  return { acknowledged: row.stored_ordinal, reservation: reservationFrom(row) };
}

function reservationFrom(row: ReservationRow): Reservation {
  switch (row.state) {
    case 'reserved':
      return { state: 'reserved', epoch: row.epoch };
    case 'settled':
      return { state: 'settled', result: outcomeFrom(row) ?? unreadable() };
    case 'digest_mismatch':
      return { state: 'digest_mismatch' };
    case 'outcome_unknown':
      return { state: 'outcome_unknown', epoch: row.epoch, attemptNonce: row.attempt_nonce };
    case 'run_over':
      return { state: 'run_over', status: row.run_status };
  }
}

const unreadable = (): never => {
  throw new Error('A settled effect has no outcome.');
};

function outcomeFrom(row: OutcomeRow): ToolOutcome | undefined {
  const ref = blobRefFrom(row.content_sha256, row.content_bytes);
  if (row.outcome === null || ref === null) return undefined;
  return row.outcome === 'completed'
    ? { type: 'completed', resultRef: ref }
    : { type: 'failed', code: row.failure_code ?? '', reasonRef: ref };
}

export interface SettleRequest {
  readonly tenant: string;
  readonly effectKey: string;
  readonly epoch: number;
  readonly nonce: string;
  readonly outcome: ToolOutcome;
  readonly blobs: readonly NewBlob[];
  readonly nowMs: number;
}

/** `late`: the reservation is another's by now, or settled otherwise; `result` is what stands, where there is one. */
export type Settlement = { readonly state: 'settled' } | { readonly state: 'late'; readonly result?: ToolOutcome };

const SETTLE = {
  name: 'settle_effect_1',
  text: 'SELECT * FROM settle_effect($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)',
};

/** Records how a reserved execution ended, with its content, in one statement. Safe to repeat. */
export async function settleEffect(store: Store, request: SettleRequest): Promise<Settlement> {
  const { tenant, effectKey, epoch, nonce, outcome, blobs, nowMs } = request;
  const content = outcome.type === 'completed' ? outcome.resultRef : outcome.reasonRef;
  const [row] = (await execute(store, SETTLE, [
    tenant,
    effectKey,
    epoch,
    nonce,
    outcome.type,
    Buffer.from(content.sha256, 'hex'),
    content.bytes,
    outcome.type === 'failed' ? storableText(outcome.code) : null,
    ...blobParameters(blobs),
    nowMs,
  ])) as [OutcomeRow & { state: Settlement['state'] }];
  rememberBlobs(store, tenant, blobs);
  if (row.state === 'settled') return { state: 'settled' };
  const standing = outcomeFrom(row);
  return standing === undefined ? { state: 'late' } : { state: 'late', result: standing };
}
