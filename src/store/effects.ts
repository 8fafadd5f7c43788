import type { ToolEffect } from '../domain/schemas/agent.ts';
import type { RunStatus } from '../domain/schemas/run.ts';
import type { ToolOutcome } from '../domain/schemas/step.ts';
import { blobParameters, rememberBlobs } from './blobs.ts';
import type { NewBlob } from './blobs.ts';
import { blobRefFrom } from './blob-ref.ts';
import { execute } from './database.ts';
import type { Store } from './database.ts';
import { toldParameters } from './events.ts';
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
  /** What brakes, bypasses and grants are matched with. */
  readonly project: string;
  readonly agent: string;
  readonly tool: string;
  readonly toolCallId: string;
  /** The grant that covers the call: reserving takes a use of it, one for each effect key. */
  readonly grantId?: string;
  /** Names the dispatch, with all its attempts: one that the gate has refused is not reserved. */
  readonly dispatch: string;
  /** The approval and its revision that let the call run: neither closed nor superseded meanwhile. */
  readonly approval?: { readonly approvalId: string; readonly revision: number };
  /** Epoch milliseconds: nothing is reserved from then on. */
  readonly executeBy?: number;
  /** An operator's order to try again: takes over the unsettled attempt of the epoch before this one, and no other. */
  readonly retryEpoch?: number;
}

export type Reservation =
  /**
   * Execute, then settle under this epoch and the own nonce. `bypass`: a brake is on and let it through. That it did, and
   * the use of the grant, are told by events (`brake.bypassed`, `grant.used`) in the same transaction.
   */
  | {
      readonly state: 'reserved';
      readonly epoch: number;
      readonly bypass?: { readonly brakeId: string; readonly bypassId: string };
      /** Which use of the grant it is. */
      readonly grant?: { readonly uses: number; readonly maxUses: number };
    }
  /** `suppliedBy`: an operator said how it ended. */
  | { readonly state: 'settled'; readonly result: ToolOutcome; readonly suppliedBy?: 'person' }
  | { readonly state: 'digest_mismatch' }
  /** Another attempt may have run the tool, and it must not run twice. */
  | { readonly state: 'outcome_unknown'; readonly epoch: number; readonly attemptNonce: string }
  /** A brake is on: nothing is reserved, try again later. */
  | { readonly state: 'braked'; readonly brakeId: string }
  /** It may not run any more, though it was proven that it may: nothing is reserved. */
  | { readonly state: 'refused'; readonly code: 'dispatch_refused' | 'execution_expired' | 'approval_closed' }
  /** Not live, run out, used up, or of another tool: nothing is reserved. */
  | { readonly state: 'grant_unusable' }
  | { readonly state: 'run_over'; readonly status: RunStatus };

export interface OutcomeRow {
  readonly outcome: ToolOutcome['type'] | null;
  readonly content_sha256: Buffer | null;
  readonly content_bytes: number | null;
  readonly failure_code: string | null;
}

interface ReservationRow extends OutcomeRow {
  readonly state: Reservation['state'];
  readonly run_status: RunStatus;
  readonly epoch: number;
  readonly attempt_nonce: string;
  readonly resolved_by: string | null;
  readonly brake_id: string | null;
  readonly bypassed_brake_id: string | null;
  readonly bypass_id: string | null;
  readonly grant_uses: number | null;
  readonly grant_max_uses: number | null;
  readonly refusal: Extract<Reservation, { state: 'refused' }>['code'] | null;
}

const RESERVE = {
  name: 'reserve_effect_3',
  text: `SELECT * FROM reserve_effect($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,
    $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29)`,
};

/**
 * Stores the events that ride along and reserves an effect, in one statement that is committed before the tool runs.
 * The same attempt asking again gets the same answer.
 */
export async function reserveEffect(store: Store, request: ReserveRequest): Promise<Reservation> {
  const { append, effectKey, digest, nonce, effect, nowMs } = request;
  const [row] = (await execute(store, RESERVE, [
    ...toldParameters(append),
    effectKey,
    digest,
    nonce,
    effect,
    nowMs,
    request.project,
    request.agent,
    request.tool,
    request.toolCallId,
    request.grantId === undefined ? null : storableText(request.grantId),
    request.retryEpoch ?? null,
    request.dispatch,
    request.approval?.approvalId ?? null,
    request.approval?.revision ?? null,
    request.executeBy ?? null,
  ])) as [ReservationRow];
  return reservationFrom(row);
}

function reservationFrom(row: ReservationRow): Reservation {
  switch (row.state) {
    case 'reserved':
      return { state: 'reserved', epoch: row.epoch, ...bypassIn(row), ...grantIn(row) };
    case 'settled': {
      const result = outcomeFrom(row) ?? unreadable('has no outcome');
      return { state: 'settled', result, ...(row.resolved_by !== null && { suppliedBy: 'person' }) };
    }
    case 'digest_mismatch':
      return { state: 'digest_mismatch' };
    case 'outcome_unknown':
      return { state: 'outcome_unknown', epoch: row.epoch, attemptNonce: row.attempt_nonce };
    case 'braked':
      return { state: 'braked', brakeId: row.brake_id ?? unreadable('names no brake') };
    case 'refused':
      return { state: 'refused', code: row.refusal ?? unreadable('does not say why') };
    case 'grant_unusable':
      return { state: 'grant_unusable' };
    case 'run_over':
      return { state: 'run_over', status: row.run_status };
  }
}

const bypassIn = ({ bypassed_brake_id: brakeId, bypass_id: bypassId }: ReservationRow) =>
  brakeId === null || bypassId === null ? {} : { bypass: { brakeId, bypassId } };

const grantIn = ({ grant_uses: uses, grant_max_uses: maxUses }: ReservationRow) =>
  uses === null || maxUses === null ? {} : { grant: { uses, maxUses } };

const unreadable = (what: string): never => {
  throw new Error(`The ledger's answer ${what}.`);
};

/** Undefined where the ledger has none. */
export function outcomeFrom(row: OutcomeRow): ToolOutcome | undefined {
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

export type Settlement =
  /** `wasUnknown`: another attempt has given this one up meanwhile, so the run may be parked over it. */
  | { readonly state: 'settled'; readonly wasUnknown: boolean }
  /**
   * The reservation is another's by now, or settled otherwise; `result` is what stands, where there is one. `resolved`: an
   * operator has answered for this attempt, by a result, a failure or the order to try again.
   */
  | { readonly state: 'late'; readonly resolved: boolean; readonly result?: ToolOutcome };

interface SettlementRow extends OutcomeRow {
  readonly state: Settlement['state'];
  readonly was_unknown: boolean | null;
  readonly resolved: boolean | null;
}

const SETTLE = {
  name: 'settle_effect_2',
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
  ])) as [SettlementRow];
  rememberBlobs(store, tenant, blobs);
  if (row.state === 'settled') return { state: 'settled', wasUnknown: row.was_unknown ?? false };
  const result = outcomeFrom(row);
  return { state: 'late', resolved: row.resolved ?? false, ...(result && { result }) };
}
