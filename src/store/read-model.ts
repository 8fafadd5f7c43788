/** What an event means for the rows that people list: handed to `append_events`, which applies it to new events only. */
import { canonicalJson } from '../domain/arguments/canonical-json.ts';
import type { JsonValue } from '../domain/arguments/json-value.ts';
import type { Approval, ApprovalStatus, Decision } from '../domain/schemas/approval.ts';
import type { EventOf, NumberedEvent, RunEvent } from '../domain/schemas/event.ts';
import type { BlobRef } from '../domain/schemas/names.ts';
import type { RunStatus } from '../domain/schemas/run.ts';
import { storableText } from './storable-text.ts';

type Change =
  | { readonly change: 'run_started' }
  | { readonly change: 'run_status'; readonly status: RunStatus }
  | {
      readonly change: 'run_ended';
      readonly status: RunStatus;
      readonly at: number;
      readonly outputSha256?: string;
      readonly outputBytes?: number;
      readonly failureCode?: string;
      readonly failureDetail?: string;
    }
  | {
      readonly change: 'approval_requested';
      readonly approvalId: string;
      readonly tool: string;
      readonly risk: string;
      readonly digest: string;
      readonly revision: number;
      readonly status: ApprovalStatus;
      readonly requestedAt: number;
      readonly decideBy: number;
      readonly executeBy?: number;
      readonly request: string;
    }
  | {
      readonly change: 'approval_closed';
      readonly approvalId: string;
      readonly revision: number;
      readonly status: ApprovalStatus;
      readonly decidedAt?: number;
      readonly executeBy?: number;
      readonly decision?: string;
    }
  | { readonly change: 'approval_reopened'; readonly approvalId: string; readonly revision: number }
  | { readonly change: 'message_completed' | 'message_restarted'; readonly turn: number };

/** The `p_changes` parameter: JSON, each change with the ordinal of its event. */
export const readModelChanges = (events: readonly NumberedEvent[]): string =>
  JSON.stringify(
    events.flatMap(({ ordinal, event }) => {
      const change = changeOf(event);
      return change === undefined ? [] : [{ ordinal, ...change }];
    }),
  );

function changeOf(event: RunEvent): Change | undefined {
  switch (event.type) {
    case 'run.started':
      return { change: 'run_started' };
    case 'run.resumed':
      return { change: 'run_status', status: 'running' };
    case 'run.suspended':
      return { change: 'run_status', status: 'suspended' };
    case 'run.blocked':
      return { change: 'run_status', status: 'needs_attention' };
    case 'run.completed':
      return { change: 'run_ended', status: 'completed', at: event.at, ...outputOf(event.data.messageRef) };
    case 'run.failed':
      return {
        change: 'run_ended',
        status: 'failed',
        at: event.at,
        failureCode: storableText(event.data.code),
        failureDetail: storableText(event.data.detail),
      };
    case 'run.cancelled':
      return { change: 'run_ended', status: 'cancelled', at: event.at };
    case 'approval.requested':
      return requestOf(event.data.approval);
    case 'approval.decided':
      return decisionOf(event);
    case 'approval.expired':
      return { change: 'approval_closed', ...event.data, status: 'expired' };
    case 'approval.withdrawn':
      return { change: 'approval_closed', ...event.data, status: 'withdrawn' };
    case 'decision.refused':
      return event.data.voided === true
        ? { change: 'approval_reopened', approvalId: event.data.approvalId, revision: event.data.revision }
        : undefined;
    case 'message.completed':
      return { change: 'message_completed', turn: event.data.turn };
    case 'message.restarted':
      return { change: 'message_restarted', turn: event.data.turn };
    default:
      return undefined;
  }
}

const outputOf = (ref: BlobRef | undefined) =>
  ref === undefined ? {} : { outputSha256: ref.sha256, outputBytes: ref.bytes };

const requestOf = (approval: Approval): Change => ({
  change: 'approval_requested',
  approvalId: approval.approvalId,
  tool: storableText(approval.tool),
  risk: approval.verdict.risk,
  digest: approval.digest,
  revision: approval.revision,
  status: approval.status,
  requestedAt: approval.requestedAt,
  decideBy: approval.decideBy,
  ...(approval.executeBy === undefined ? {} : { executeBy: approval.executeBy }),
  request: canonicalJson(approval as unknown as JsonValue),
});

/** The decision as the approval's row keeps it. */
export const decisionIn = ({ at, data }: EventOf<'approval.decided'>): Decision => ({
  decisionId: data.decisionId,
  decision: data.decision,
  actor: data.actor,
  channel: data.channel,
  ...(data.reasonRef === undefined ? {} : { reasonRef: data.reasonRef }),
  decidedAt: at,
});

const decisionOf = (event: EventOf<'approval.decided'>): Change => ({
  change: 'approval_closed',
  approvalId: event.data.approvalId,
  revision: event.data.revision,
  status: event.data.status,
  decidedAt: event.at,
  ...(event.data.executeBy === undefined ? {} : { executeBy: event.data.executeBy }),
  decision: canonicalJson(decisionIn(event) as unknown as JsonValue),
});
