/**
 * The approvals of a project as a stream: what is pending now, then every change. Whoever comes back gets the changes
 * after their place, or, where these are not known any more, what is pending now.
 */
import { isWithinReach } from '../../domain/authorise.ts';
import type { Reach } from '../../domain/authorise.ts';
import { approvalPlace, formatPlace } from '../../store/approval-changes.ts';
import type { ApprovalPlace } from '../../store/approval-changes.ts';
import { listApprovals } from '../../store/approvals.ts';
import type { ApprovalRow } from '../../store/approvals.ts';
import { liveClaims } from '../../store/claims.ts';
import { untilAvailable } from '../../store/until-available.ts';
import type { Api, Caller } from '../dependencies.ts';
import { approvalChangeView, approvalState } from '../views/approval-state.ts';
import { closedCodeOf } from './read-failure.ts';
import type { SseConnection } from './sse-connection.ts';

/** Approvals of one part of a snapshot. */
const PART_SIZE = 100;

export interface ApprovalStreamOptions {
  readonly caller: Caller;
  /** How far the caller's roles let them see approvals. */
  readonly reach: Reach;
  /** The place that the reader has come with. */
  readonly after: ApprovalPlace | undefined;
}

/** Sends until the connection has ended: projects do not end. */
export function streamApprovals(api: Api, connection: SseConnection, options: ApprovalStreamOptions): void {
  const { caller, reach, after } = options;
  const { scope } = caller;
  const { closed } = connection;
  const isOurs = ({ requester }: ApprovalRow) => isWithinReach(reach, caller.actor.principal, requester);
  const read = <T>(ask: () => Promise<T>) => untilAvailable(ask, closed);

  const sendSnapshot = async (): Promise<ApprovalPlace> => {
    // First: what is committed later is in the list, or follows as a change, or both.
    const place = await read(() => approvalPlace(api.store));
    let last: ApprovalRow | undefined;
    for (let [first, more] = [true, true]; more && !closed.aborted; first = false) {
      const cursor = last && { at: last.requestedAt, approvalId: last.approvalId };
      const filter = { status: 'pending', order: 'age', limit: PART_SIZE, ...(cursor && { cursor }) } as const;
      const rows = await read(() => listApprovals(api.store, scope, filter));
      last = rows.at(-1);
      more = rows.length === PART_SIZE;
      const nowMs = await api.clock.nowMs();
      const ours = rows.filter(isOurs);
      const ids = ours.map(({ approvalId }) => approvalId);
      const claims = await read(() => liveClaims(api.store, scope, ids, nowMs));
      const approvals = ours.map((row) => approvalState(row, claims.get(row.approvalId), { caller, nowMs }));
      const id = more ? {} : { id: formatPlace(place) };
      await connection.send([{ event: 'approvals.snapshot', ...id, data: { approvals, first, more } }]);
    }
    return place;
  };

  const follow = async () => {
    using reader = api.feed.approvals.open(scope);
    let place = after ?? (await sendSnapshot());
    while (!closed.aborted) {
      const found = await read(() => reader.read(place));
      if (!found) {
        place = await sendSnapshot();
        continue;
      }
      place = found.place;
      const nowMs = await api.clock.nowMs();
      const views = found.changes
        .filter(({ approval }) => isOurs(approval))
        .map((change) => approvalChangeView(change, { caller, nowMs }));
      // Only the last one has the id: who is cut off before it gets all of them again.
      const messages = views.map((view, index) => ({
        event: view.type,
        ...(index === views.length - 1 && { id: formatPlace(place) }),
        data: view,
      }));
      await connection.send(messages);
      await reader.changed(closed);
    }
  };

  follow().catch((error: unknown) => {
    if (closed.aborted) return;
    api.logger.warn({ err: error }, 'stream.read_failed');
    connection.close(closedCodeOf(error));
  });
}
