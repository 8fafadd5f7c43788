/** A parked call as an operator needs to see it, and as the bridge binds the operator's answer to it. */
import type { ParkedCall } from '../../contract/runs.ts';
import { effectKey } from '../../domain/core/ids.ts';
import type { Attention, CallState } from '../../domain/core/state.ts';
import { stepTimeoutMs } from '../../domain/schemas/agent.ts';
import type { ToolDefinition } from '../../domain/schemas/agent.ts';
import type { Resolution } from '../../domain/schemas/command.ts';
import { readEffect } from '../../store/read-effect.ts';
import type { EffectRow } from '../../store/read-effect.ts';
import type { Store } from '../../store/database.ts';
import type { RunRow } from '../../store/run-rows.ts';
import { contentOf } from '../views/content.ts';
import type { Contents } from '../views/content.ts';
import { timestampOrNull } from '../views/time.ts';

export interface ParkedAttempt {
  readonly call: CallState;
  readonly effectKey: string;
  /** 0 where nothing was started. */
  readonly epoch: number;
  /** What the ledger has of it. */
  readonly effect: EffectRow | undefined;
}

/** `mark_done` is for what may have happened: what never started cannot be done. */
export const resolutionsOf = ({ unknownEpoch }: CallState): readonly Resolution[] =>
  unknownEpoch === undefined ? ['retry', 'fail'] : ['mark_done', 'retry', 'fail'];

export async function parkedAttempt(store: Store, run: RunRow, call: CallState): Promise<ParkedAttempt> {
  const key = effectKey(run.runId, call.toolCallId, call.revision);
  const epoch = call.unknownEpoch ?? 0;
  const effect = epoch === 0 ? undefined : await readEffect(store, run.tenant, key);
  return { call, effectKey: key, epoch, effect };
}

/** The ledger has heard of the attempt since, from the attempt itself. */
export const isOutcomeKnown = ({ effect }: ParkedAttempt): boolean => effect !== undefined && effect.settledAt !== null;

/** Until when the attempt may be running somewhere; undefined where it cannot be. */
export function mayRunUntil(attempt: ParkedAttempt, tool: ToolDefinition | undefined, nowMs: number) {
  const { effect } = attempt;
  if (!effect || !tool || effect.settledAt !== null) return undefined;
  const end = effect.reservedAt + stepTimeoutMs(tool);
  return end > nowMs ? end : undefined;
}

interface Shown {
  readonly attempt: ParkedAttempt;
  readonly attention: Attention;
  readonly tool: ToolDefinition | undefined;
  readonly contents: Contents;
  readonly nowMs: number;
}

export function parkedCallView({ attempt, attention, tool, contents, nowMs }: Shown): ParkedCall {
  const { call, epoch } = attempt;
  const args = contentOf(contents, call.argumentsRef);
  return {
    toolCallId: call.toolCallId,
    tool: call.tool,
    effectKey: attempt.effectKey,
    epoch,
    digest: call.digest ?? null,
    ...(args !== undefined && { arguments: args }),
    resolutions: [...resolutionsOf(call)],
    compensation: (epoch > 0 && tool?.compensation) || null,
    outcomeKnown: isOutcomeKnown(attempt),
    mayRunUntil: timestampOrNull(mayRunUntil(attempt, tool, nowMs) ?? null),
    drift: driftIn(contentOf(contents, attention.detailRef)),
  };
}

function driftIn(detail: unknown): ParkedCall['drift'] {
  if (typeof detail !== 'object' || detail === null || !('pinned' in detail)) return null;
  return { pinned: detail.pinned, current: 'current' in detail ? detail.current : null };
}
