// Plays the part of a workflow: stores what it would have stored, and judges decisions by the domain's own rules.
import { approvalId as approvalIdOf } from '../../src/domain/core/ids.ts';
import { digestOf } from '../../src/domain/core/digest.ts';
import type { Approval, DecisionKind } from '../../src/domain/schemas/approval.ts';
import { CommandClaims, DecideCommand } from '../../src/domain/schemas/command.ts';
import type { SignedCommand } from '../../src/domain/schemas/command.ts';
import type { RunEvent } from '../../src/domain/schemas/event.ts';
import type { Run } from '../../src/contract/runs.ts';
import { makeBlob, putBlobs } from '../../src/store/blobs.ts';
import { appendEvents } from '../../src/store/events.ts';
import type { JsonValue } from '../../src/domain/arguments/json-value.ts';
import { scope } from './api-world.ts';
import type { ApiWorld } from './api-world.ts';

export interface ScriptedRun {
  readonly runId: string;
  /** Stores events as the next ones of the run. */
  happens(...events: RunEvent[]): Promise<void>;
  asks(changes?: Partial<Approval>, args?: JsonValue): Promise<Approval>;
  /** Keeps content as the run would. */
  keeps(value: JsonValue): Promise<{ sha256: string; bytes: number }>;
}

export async function scriptedRun(world: ApiWorld, key?: string, agent = 'refunds'): Promise<ScriptedRun> {
  const { body: run } = await world.call<Run>('POST', '/v1/runs', {
    body: { agent, input: 'Refund order 7.' },
    ...(key !== undefined && { key }),
  });
  const { runId } = run;
  let ordinal = 0;
  const happens: ScriptedRun['happens'] = async (...events) => {
    const numbered = events.map((event) => ({ ordinal: ++ordinal, event }));
    await appendEvents(world.store, { ...scope, rootRunId: runId, runId, origin: 'workflow', events: numbered });
  };
  const keeps: ScriptedRun['keeps'] = async (value) => {
    const blob = makeBlob(value);
    await putBlobs(world.store, scope.tenant, [blob]);
    return blob.ref;
  };
  const asks: ScriptedRun['asks'] = async (changes = {}, args = { order: 7, amount: 12.5 }) => {
    const callId = changes.toolCallId ?? 'call_1_0';
    const now = Date.now();
    const approval: Approval = {
      approvalId: approvalIdOf(runId, callId),
      key: callId,
      kind: 'tool',
      runId,
      path: ['refunds'],
      turn: 1,
      toolCallId: callId,
      tool: 'refund',
      argumentsRef: await keeps(args),
      digest: digestOf(JSON.stringify([callId, args])),
      revision: 1,
      verdict: {
        effect: 'ask',
        ruleId: 'ask-refunds',
        layer: 'agent',
        reason: 'Money leaves the house.',
        risk: 'high',
        allowedDecisions: ['approve', 'reject'],
        approverRules: [],
        decideWithinMs: 3_600_000,
        executeWithinMs: 600_000,
        onExpire: 'deny',
      },
      status: 'pending',
      requestedAt: now,
      decideBy: now + 3_600_000,
      ...changes,
    };
    await happens(
      { type: 'approval.requested', at: now, data: { approval } },
      { type: 'run.suspended', at: now, data: {} },
    );
    return approval;
  };
  return { runId, happens, keeps, asks };
}

/** What a signed decision says, read without checking: that is the workflow's and the gate's business. */
export function readDecision(signed: SignedCommand): { command: DecideCommand; claims: CommandClaims } {
  const [, payload = ''] = signed.jws.split('.');
  const claims = CommandClaims.parse(JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')));
  return { command: DecideCommand.parse(JSON.parse(signed.bytes)), claims };
}

export const decidedEvent = (approval: Approval, signed: SignedCommand): RunEvent => {
  const { command, claims } = readDecision(signed);
  const { principal, kind, groups, credentialId } = claims.actor;
  return {
    type: 'approval.decided',
    at: claims.iat,
    data: {
      approvalId: command.approvalId,
      revision: command.revision,
      decisionId: command.decisionId,
      decision: command.decision,
      status: command.decision === 'approve' ? 'approved' : 'rejected',
      digest: approval.digest,
      actor: { principal, kind, groups, credentialId },
      channel: claims.channel,
      signatureId: claims.jti,
      ...(command.reasonRef && { reasonRef: command.reasonRef }),
      ...(command.decision === 'approve' && { executeBy: claims.iat + 600_000 }),
    },
  };
};

export const refusedEvent = (
  signed: SignedCommand,
  code: string,
  winner?: { decisionId: string; decision: DecisionKind; principal: string },
): RunEvent => {
  const { command } = readDecision(signed);
  const { approvalId, revision, decisionId } = command;
  return {
    type: 'decision.refused',
    at: Date.now(),
    data: { approvalId, revision, decisionId, code, ...(winner && { winner }) },
  };
};
