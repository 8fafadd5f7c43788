/** What happened, in a sentence without its type: ids, names and codes; words of people only as the reason. */
import type { RunEventView } from '../../contract/events.ts';
import type { RunEvent } from '../../domain/schemas/event.ts';
import { absolute } from './time.ts';
import { budgetText, usageText } from './usage.ts';

type Content = NonNullable<RunEventView['content']>;

/** Not yet presented. */
export function eventSentence(event: RunEvent, content: Content = {}): string {
  const because = content.reason === undefined ? '' : `: ${content.reason}`;
  switch (event.type) {
    case 'run.started':
      return `${event.data.agent}, for ${event.data.requester.principal}`;
    case 'run.suspended':
      return 'waits for a person';
    case 'run.resumed':
    case 'run.completed':
      return '';
    case 'run.blocked': {
      const { code, detail, toolCallId, actor } = event.data;
      const who = actor ? ` by ${actor.principal}` : '';
      return `${code}${toolCallId === undefined ? '' : ` (${toolCallId})`}${who}: ${content.reason ?? detail}`;
    }
    case 'run.unblocked':
      return `by ${event.data.actor.principal}${content.note === undefined ? '' : `: ${content.note}`}`;
    case 'message.received':
      return `by ${event.data.actor.principal}${content.text === undefined ? '' : `: ${content.text}`}`;
    case 'run.failed':
      return `${event.data.code}: ${event.data.detail}`;
    case 'run.queued':
      return `waits until ${event.data.place} of the requester's active runs stop, of ${event.data.limit} allowed`;
    case 'run.dequeued':
      return `goes on after ${Math.round(event.data.waitedMs / 1_000)} s`;
    case 'run.cancel_requested':
    case 'run.cancelled': {
      const { actor, channel, replacedBy } = event.data;
      return `by ${actor?.principal ?? channel}${replacedBy ? `, replaced by ${replacedBy}` : ''}${because}`;
    }
    case 'turn.started':
      return `turn ${event.data.turn}`;
    case 'message.restarted': {
      const { code, retryAt } = event.data;
      return retryAt === undefined ? code : `${code}, next attempt at ${time(retryAt)}`;
    }
    case 'model.fell_back': {
      const { from, to, code } = event.data;
      return `${from} failed for good (${code}): ${to} is asked from here on`;
    }
    case 'output.invalid':
      return `the answer does not fit the agent's output${because}`;
    case 'context.filled':
      return event.data.reason === 'refused' ? 'the conversation is too long' : 'the conversation is nearly too long';
    case 'context.compacted':
      return `turns 1 to ${event.data.throughTurn} are summed up from here on`;
    case 'message.completed': {
      const calls = event.data.calls.map(({ tool, toolCallId }) => `${tool} (${toolCallId})`);
      return calls.length === 0 ? event.data.finishReason : `wants ${calls.join(', ')}`;
    }
    case 'usage.recorded':
      return `${usageText(event.data)}${event.data.failed ? ', of an attempt that failed' : ''}${
        event.data.subRunId === undefined ? '' : `, by ${event.data.subRunId}`
      }`;
    case 'run.transferred':
      return `from ${event.data.from} to ${event.data.agent}`;
    case 'sub_run.changed':
      return `${callOf(event)} in ${event.data.subRunId} is ${event.data.status}`;
    case 'budget.reached':
      return `${event.data.tool}: another turn would go beyond it`;
    case 'budget.raised':
      return budgetText(event.data.budget);
    case 'approval.requested': {
      const { tool, key, decideBy, verdict, revision, editor } = event.data.approval;
      const which = revision === 1 ? key : `${key}, revision ${revision}${editor === undefined ? '' : ` by ${editor}`}`;
      return `${tool} (${which}) by rule ${verdict.ruleId}, until ${time(decideBy)}`;
    }
    case 'approval.decided': {
      const { status, decision, actor, edited, statePaths, grantId } = event.data;
      const how = decision === 'approve' || decision === 'reject' ? status : `${status} (${decision})`;
      const more = [
        ...(edited && decision !== 'edit' ? ['with other arguments'] : []),
        ...(statePaths ? [`sets ${statePaths.join(', ')}`] : []),
        ...(grantId === undefined ? [] : [`with grant ${grantId}`]),
      ];
      return `${[`${how} by ${actor.principal}`, ...more].join(', ')}${because}`;
    }
    case 'approval.vote_recorded':
      return `${event.data.decision} by ${event.data.actor.principal}, others must agree${because}`;
    case 'approval.superseded':
      return `${event.data.approvalId} by an edit of ${event.data.actor.principal}${because}`;
    case 'approval.expiring':
      return `${event.data.approvalId} at ${time(event.data.decideBy)}`;
    case 'approval.reminded':
      return `${event.data.approvalId}, reminder ${event.data.reminder}, until ${time(event.data.decideBy)}`;
    case 'approval.extended':
      return `${event.data.approvalId} until ${time(event.data.decideBy)} by ${event.data.actor.principal}${because}`;
    case 'approval.escalated':
      return `${event.data.approvalId} to step ${event.data.step}, until ${time(event.data.decideBy)}`;
    case 'approval.reopened':
      return `${event.data.approvalId} until ${time(event.data.decideBy)}`;
    case 'approval.shown':
      return `${event.data.approvalId} to ${event.data.actor.principal}`;
    case 'approval.claimed': {
      const { approvalId, actor, until, forced } = event.data;
      return `${approvalId} by ${actor.principal} until ${time(until)}${forced ? ', taken over' : ''}`;
    }
    case 'approval.released':
      return `${event.data.approvalId} by ${event.data.actor.principal}`;
    case 'decision.refused':
      return event.data.winner ? `${event.data.code}, by ${event.data.winner.principal}` : event.data.code;
    case 'approval.expired': {
      const { approvalId, outcome } = event.data;
      return outcome === undefined ? approvalId : `${approvalId}, then: ${outcome}`;
    }
    case 'approval.withdrawn':
      return event.data.approvalId;
    case 'text.guarded': {
      const { guard, action, where, count } = event.data;
      return `${guard}: ${action}, ${count} in the ${where.replace('_', ' ')}`;
    }
    case 'command.refused':
      return `${event.data.command}: ${event.data.code}`;
    case 'command.ignored':
      return `${event.data.signal}: ${event.data.code}`;
    case 'tool.started':
      return `${callOf(event)}, allowed by ${event.data.basis}`;
    case 'tool.completed':
      return `${callOf(event)}${event.data.suppliedBy === undefined ? '' : ', with a result that a person gave'}`;
    case 'tool.outcome_unknown':
    case 'effect.rechecked':
      return callOf(event);
    case 'tool.failed':
    case 'tool.denied':
      return `${callOf(event)} ${event.data.code}${because}`;
    case 'tool.progress':
      return `${callOf(event)} ${event.data.progress}${event.data.total === undefined ? '' : ` of ${event.data.total}`}`;
    case 'tool.held':
      return `${callOf(event)} by brake ${event.data.brakeId}: goes on once it is released`;
    case 'tool.queued':
      return `${callOf(event)} for a worker on ${event.data.taskQueue}, at most until ${time(event.data.startBy)}`;
    case 'tool.claimed':
      return `${callOf(event)} by ${event.data.actor.principal}, who has until ${time(event.data.until)}`;
    case 'brake.bypassed':
      return `${callOf(event)} passes brake ${event.data.brakeId} by ${event.data.bypassId}`;
    case 'grant.used':
      return `${callOf(event)} by ${event.data.grantId}, used ${event.data.uses} of ${event.data.maxUses}`;
    case 'effect.resolved':
      return `${callOf(event)}: ${event.data.resolution} by ${event.data.actor.principal}${because}`;
    case 'effect.late':
      return `${callOf(event)} attempt ${event.data.epoch} has reported after all: ${event.data.outcome}`;
    case 'contract.unmet':
      return event.data.missing.map(({ path, problem }) => `${path}: ${problem}`).join('; ');
    case 'contract.met':
      return event.data.receipts.map(({ path, bytes }) => `${path} (${bytes} bytes)`).join(', ');
  }
}

const callOf = ({ data }: { readonly data: { readonly tool: string; readonly toolCallId: string } }): string =>
  `${data.tool} (${data.toolCallId})`;

const time = (atMs: number): string => absolute(new Date(atMs).toISOString());
