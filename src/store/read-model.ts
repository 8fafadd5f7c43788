/** What an event means for the rows that people list: handed to `append_events`, which applies it to new events only. */
import { canonicalJson } from '../domain/arguments/canonical-json.ts';
import type { JsonValue } from '../domain/arguments/json-value.ts';
import type { Approval, ApprovalStatus, Decision } from '../domain/schemas/approval.ts';
import type { EventOf, NumberedEvent, RunEvent } from '../domain/schemas/event.ts';
import type { BlobRef } from '../domain/schemas/names.ts';
import type { RunStatus } from '../domain/schemas/run.ts';
import { storableText } from './storable-text.ts';

type Change =
  /** `audit`: of a root run, told in the tenant's own log, as canonical JSON. */
  | { readonly change: 'run_started'; readonly at: number; readonly audit: string }
  | { readonly change: 'run_status'; readonly status: RunStatus }
  /** Needs attention, and whoever looks at its approvals lets go of them. */
  | { readonly change: 'run_blocked' | 'claims_released' }
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
      readonly supersedes?: string;
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
      /** Of an edited call: as it will run. */
      readonly digest?: string;
      readonly risk?: string;
      readonly edited?: string;
      /** Proposed with the decision: lives from here on. */
      readonly grantId?: string;
      readonly decisionId?: string;
    }
  | {
      readonly change: 'approval_voted';
      readonly approvalId: string;
      readonly revision: number;
      readonly vote: string;
    }
  | {
      readonly change: 'approval_changed';
      readonly approvalId: string;
      readonly revision: number;
      readonly decideBy?: number;
      readonly escalated?: number;
      readonly reminded?: number;
      readonly warned?: boolean;
    }
  /** By a new deadline, or since a decision was void. */
  | {
      readonly change: 'approval_reopened';
      readonly approvalId: string;
      readonly revision: number;
      readonly at: number;
      readonly decideBy?: number;
      readonly decisionId?: string;
    }
  | {
      readonly change: 'effect_resolved';
      readonly toolCallId: string;
      readonly tool: string;
      readonly effectKey: string;
      readonly epoch: number;
      readonly principal: string;
      readonly at: number;
      readonly outcome: 'completed' | 'failed';
      readonly contentSha256: string;
      readonly contentBytes: number;
      readonly failureCode?: string;
    }
  | { readonly change: 'message_completed' | 'message_restarted'; readonly turn: number };

/** The run whose events they are. */
interface ProjectedRun {
  readonly project: string;
  readonly runId: string;
}

/** The `p_changes` parameter: JSON, each change with the ordinal of its event. */
export const readModelChanges = (run: ProjectedRun, events: readonly NumberedEvent[]): string =>
  JSON.stringify(
    events.flatMap(({ ordinal, event }) => {
      const change = changeOf(run, event);
      return change === undefined ? [] : [{ ordinal, ...change }];
    }),
  );

function changeOf(run: ProjectedRun, event: RunEvent): Change | undefined {
  switch (event.type) {
    case 'run.started':
      return startOf(event, run);
    case 'run.resumed':
      return { change: 'run_status', status: 'running' };
    case 'run.suspended':
      return { change: 'run_status', status: 'suspended' };
    case 'run.blocked':
      return { change: 'run_blocked' };
    case 'run.unblocked':
      // Its status, where it changes, is told by the event that follows.
      return { change: 'claims_released' };
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
    case 'approval.superseded': {
      // The next revision, which is requested next, is what somebody has still to decide.
      const { approvalId, revision } = event.data;
      return { change: 'approval_closed', approvalId, revision, status: 'superseded' };
    }
    case 'approval.vote_recorded': {
      const { approvalId, revision } = event.data;
      const vote = canonicalJson(decisionIn(event) as unknown as JsonValue);
      return { change: 'approval_voted', approvalId, revision, vote };
    }
    case 'approval.expiring':
    case 'approval.reminded':
    case 'approval.extended':
    case 'approval.escalated': {
      const { approvalId, revision } = event.data;
      return { change: 'approval_changed', approvalId, revision, ...clockChange(event) };
    }
    case 'approval.reopened': {
      const { approvalId, revision, decideBy } = event.data;
      return { change: 'approval_reopened', approvalId, revision, at: event.at, decideBy };
    }
    case 'approval.expired': {
      const { approvalId, revision } = event.data;
      return { change: 'approval_closed', approvalId, revision, status: 'expired' };
    }
    case 'approval.withdrawn': {
      const { approvalId, revision } = event.data;
      return { change: 'approval_closed', approvalId, revision, status: 'withdrawn' };
    }
    case 'decision.refused': {
      const { approvalId, revision, decisionId, voided } = event.data;
      return voided === true
        ? { change: 'approval_reopened', approvalId, revision, at: event.at, decisionId }
        : undefined;
    }
    case 'effect.resolved':
      return resolutionOf(event);
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
  ...(approval.supersedes === undefined ? {} : { supersedes: approval.supersedes }),
  request: canonicalJson(approval as unknown as JsonValue),
});

/** What its clocks have changed of an approval. */
export function clockChange(
  event: EventOf<'approval.expiring' | 'approval.reminded' | 'approval.extended' | 'approval.escalated'>,
): { readonly decideBy?: number; readonly escalated?: number; readonly reminded?: number; readonly warned?: boolean } {
  switch (event.type) {
    case 'approval.expiring':
      return { warned: true };
    case 'approval.reminded':
      return { reminded: event.data.reminder };
    case 'approval.extended':
      return { decideBy: event.data.decideBy, warned: false };
    case 'approval.escalated':
      return { decideBy: event.data.decideBy, escalated: event.data.step, warned: false };
  }
}

type Deciding = EventOf<'approval.decided' | 'approval.vote_recorded'>;

/** The decision as the approval's row keeps it. */
export function decisionIn({ at, data }: Deciding): Decision {
  const { decisionId, decision, actor, channel, reasonRef } = data;
  const { responseRef, edited, stateEditsRef } = data as Partial<EventOf<'approval.decided'>['data']>;
  return {
    decisionId,
    decision,
    actor,
    channel,
    decidedAt: at,
    ...(reasonRef && { reasonRef }),
    ...(responseRef && { responseRef }),
    ...(edited && { editedArgumentsRef: edited.argumentsRef }),
    ...(stateEditsRef && { stateEditsRef }),
  };
}

function decisionOf(event: EventOf<'approval.decided'>): Change {
  const { approvalId, revision, decisionId, status, executeBy, edited, grantId } = event.data;
  return {
    change: 'approval_closed',
    approvalId,
    revision,
    status,
    decidedAt: event.at,
    ...(executeBy === undefined ? {} : { executeBy }),
    decision: canonicalJson(decisionIn(event) as unknown as JsonValue),
    ...(edited && {
      digest: edited.digest,
      risk: edited.verdict.risk,
      edited: canonicalJson(edited as unknown as JsonValue),
    }),
    ...(grantId !== undefined && status === 'approved' ? { grantId, decisionId } : {}),
  };
}

const startOf = ({ at, data }: EventOf<'run.started'>, scope: ProjectedRun): Change => ({
  change: 'run_started',
  at,
  audit: canonicalJson({
    agent: data.agent,
    agentDigest: data.agentDigest,
    policyDigest: data.policyDigest,
    project: scope.project,
    requester: data.requester.principal,
    runId: scope.runId,
  }),
});

/** The code that the run itself gives a call that an operator has given up. */
const FAILED_BY_OPERATOR = 'failed_by_operator';

function resolutionOf({ at, data }: EventOf<'effect.resolved'>): Change | undefined {
  const { toolCallId, tool, effectKey, epoch, resolution, actor, resultRef, reasonRef } = data;
  const content = resolution === 'mark_done' ? resultRef : reasonRef;
  // An order to try again settles nothing: the gate takes the attempt over.
  if (resolution === 'retry' || !content) return undefined;
  const failed = resolution === 'fail';
  return {
    change: 'effect_resolved',
    toolCallId,
    tool: storableText(tool),
    effectKey,
    epoch,
    principal: storableText(actor.principal),
    at,
    outcome: failed ? 'failed' : 'completed',
    contentSha256: content.sha256,
    contentBytes: content.bytes,
    ...(failed && { failureCode: FAILED_BY_OPERATOR }),
  };
}
