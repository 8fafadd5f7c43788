/** Follows a project's approvals through cuts: what is pending, then every change once. */
import type { EventSourceMessage } from 'eventsource-parser';
import type { ApprovalChange, ApprovalState, ApprovalsSnapshot } from '../contract/approval-changes.ts';
import { followStream } from './event-stream.ts';
import type { ReconnectOptions } from './event-stream.ts';
import type { Http } from './http.ts';

export type ApprovalFeedItem =
  /** All that is pending. Replaces what the reader had: comes first, and again where changes were missed. */
  | { readonly event: 'snapshot'; readonly approvals: readonly ApprovalState[] }
  | { readonly event: 'change'; readonly data: ApprovalChange };

/** Throws as `followStream` does; ends by its signal only. */
export function followApprovals(http: Http, options: ReconnectOptions = {}): AsyncGenerator<ApprovalFeedItem> {
  let lastEventId = '';
  let parts: ApprovalState[] = [];
  // Those that came before the last id are not sent again: only what came since must be known.
  let sinceLastId = new Set<number>();

  const snapshot = ({ approvals, first, more }: ApprovalsSnapshot): ApprovalFeedItem | undefined => {
    parts = first ? [...approvals] : [...parts, ...approvals];
    return more ? undefined : { event: 'snapshot', approvals: parts };
  };
  const change = (data: ApprovalChange): ApprovalFeedItem | undefined => {
    if (sinceLastId.has(data.change)) return undefined;
    sinceLastId.add(data.change);
    return { event: 'change', data };
  };
  const itemOf = ({ event = '', id, data }: EventSourceMessage): ApprovalFeedItem | undefined => {
    const isSnapshot = event === 'approvals.snapshot';
    if (!isSnapshot && !event.startsWith('approval.')) return undefined;
    const item = isSnapshot
      ? snapshot(JSON.parse(data) as ApprovalsSnapshot)
      : change(JSON.parse(data) as ApprovalChange);
    if (id !== undefined && id !== '') {
      lastEventId = id;
      sinceLastId = new Set();
    }
    return item;
  };
  const source = { path: '/v1/approvals/stream', lastEventId: () => lastEventId, itemOf, isLast: () => false };
  return followStream(http, source, options);
}
