// Runs, events and approvals as the store gets them.
import { randomBytes } from 'node:crypto';
import { pino } from 'pino';
import { digestOf } from '../../src/domain/core/digest.ts';
import { approvalId, effectKey, runIdFromBytes, WORKFLOW_ORIGIN } from '../../src/domain/core/ids.ts';
import type { Approval } from '../../src/domain/schemas/approval.ts';
import type { NumberedEvent, RunEvent } from '../../src/domain/schemas/event.ts';
import { makeBlob } from '../../src/store/blobs.ts';
import type { Store } from '../../src/store/database.ts';
import type { ReserveRequest } from '../../src/store/effects.ts';
import type { AppendRequest } from '../../src/store/events.ts';
import { createRun } from '../../src/store/run-rows.ts';
import type { NewRun, RunRow } from '../../src/store/run-rows.ts';

export const scope = { tenant: 'acme', project: 'shop' };
export const otherScopes = [
  { tenant: 'rival', project: 'shop' },
  { tenant: 'acme', project: 'ops' },
];

/** When the tests happen: all times are handed in. */
export const NOW = 1_790_000_000_000;

export const silentLogger = pino({ level: 'silent' });

export const newRunId = (): string => runIdFromBytes(randomBytes(17));

export function newRun(changes: Partial<NewRun> = {}): NewRun {
  const runId = changes.runId ?? newRunId();
  return {
    ...scope,
    runId,
    rootRunId: runId,
    agent: 'refunds',
    agentDigest: digestOf('agent'),
    policyDigest: digestOf('policy'),
    requester: 'ada',
    requesterGroups: ['support'],
    inputRef: makeBlob('Refund order 7.').ref,
    conversationId: null,
    labels: {},
    idempotencyKey: null,
    requestDigest: digestOf('request'),
    startCommand: { bytes: '{"type":"start"}', jws: 'a.b.c' },
    createdAt: NOW,
    ...changes,
  };
}

/** A run that is in the store. */
export async function storedRun(store: Store, changes: Partial<NewRun> = {}): Promise<RunRow> {
  const created = await createRun(store, newRun(changes), []);
  if (created.outcome !== 'created') throw new Error(`the run was not created: ${created.outcome}`);
  return created.run;
}

/** The first `count` events of a workflow that only counts its turns, or those from one ordinal to another. */
export const turns = (from: number, to: number): NumberedEvent[] =>
  Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => ({
    ordinal: from + index,
    event: { type: 'turn.started', at: NOW + from + index, data: { turn: from + index } },
  }));

export const numbered = (events: readonly RunEvent[], from = 1): NumberedEvent[] =>
  events.map((event, index) => ({ ordinal: from + index, event }));

export const append = (
  run: Pick<RunRow, 'tenant' | 'project' | 'runId' | 'rootRunId'>,
  events: readonly NumberedEvent[],
  origin: string = WORKFLOW_ORIGIN,
): AppendRequest => ({
  tenant: run.tenant,
  project: run.project,
  rootRunId: run.rootRunId,
  runId: run.runId,
  origin,
  events,
});

export function approvalOf(run: Pick<RunRow, 'runId'>, changes: Partial<Approval> = {}): Approval {
  const key = changes.key ?? 'call_1_0';
  return {
    approvalId: approvalId(run.runId, key),
    key,
    kind: 'tool',
    runId: run.runId,
    path: ['refunds'],
    turn: 1,
    toolCallId: 'call_1_0',
    tool: 'refund',
    argumentsRef: makeBlob({ order: 7 }).ref,
    digest: digestOf('call'),
    revision: 1,
    verdict: {
      effect: 'ask',
      ruleId: 'ask-refunds',
      layer: 'agent',
      reason: '',
      risk: 'high',
      allowedDecisions: ['approve', 'reject'],
      approverRules: [],
      decideWithinMs: 3_600_000,
      executeWithinMs: 600_000,
      onExpire: 'deny',
    },
    status: 'pending',
    requestedAt: NOW,
    decideBy: NOW + 3_600_000,
    ...changes,
  };
}

export const person = { principal: 'grace', kind: 'person', groups: ['approvers'], credentialId: 'key_1' } as const;

/** Actors as events have them. */
export const actor = (principal: string) => ({ ...person, principal, groups: [...person.groups] });

/** A dispatch of the run's first call, by the attempt that the nonce names. */
export const reservationOf = (
  run: Pick<RunRow, 'tenant' | 'project' | 'runId' | 'rootRunId' | 'agent'>,
  changes: Partial<ReserveRequest> = {},
): ReserveRequest => {
  const toolCallId = changes.toolCallId ?? 'call_1_0';
  return {
    append: append(run, []),
    effectKey: effectKey(run.runId, toolCallId, 1),
    digest: digestOf('call'),
    nonce: 'mine',
    effect: 'once',
    nowMs: NOW,
    project: run.project,
    agent: run.agent,
    tool: 'refund',
    toolCallId,
    dispatch: '1',
    ...changes,
  };
};
