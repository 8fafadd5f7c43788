import type { Approval, ApprovalOrder } from '../../../contract/approvals.ts';
import { isWithinReach } from '../../../domain/authorise.ts';
import { listApprovals } from '../../../store/approvals.ts';
import type { ApprovalFilter, ApprovalRow } from '../../../store/approvals.ts';
import { decodeCursor, pageFrom } from '../../cursor.ts';
import type { CursorPosition } from '../../cursor.ts';
import type { Api } from '../../dependencies.ts';
import type { AnyRequest } from '../../server-type.ts';
import { approvalList } from '../../views/approval-view.ts';

interface ApprovalPageQuery {
  readonly filter: Omit<ApprovalFilter, 'order' | 'cursor' | 'limit'>;
  readonly order: ApprovalOrder;
  readonly cursor: string | undefined;
  readonly limit: number;
}

/** Rows read at once while those beyond the caller's reach are passed over. */
const SCAN_LIMIT = 200;

/** A page of approvals within the caller's reach. */
export async function approvalPage(
  api: Api,
  request: AnyRequest,
  { filter, order, cursor, limit }: ApprovalPageQuery,
): Promise<{ data: Approval[]; nextCursor: string | null }> {
  const list = `approvals-${order}${filter.runId ?? ''}`;
  const positionOf = (row: ApprovalRow): CursorPosition => ({
    at: order === 'deadline' ? row.decideBy : row.requestedAt,
    id: row.approvalId,
  });
  const { scope, actor } = request.caller;
  // Whoever may see a run sees what it asks for.
  const reach = filter.runId === undefined ? request.reach : 'project';
  const mine: ApprovalRow[] = [];
  let place = decodeCursor(list, cursor);
  for (let more = true; more && mine.length <= limit;) {
    const rows = await listApprovals(api.store, scope, {
      ...filter,
      order,
      ...(place && { cursor: { at: place.at, approvalId: place.id } }),
      limit: reach === 'own' ? SCAN_LIMIT : limit + 1,
    });
    mine.push(...rows.filter((row) => isWithinReach(reach, actor.principal, row.requester)));
    const last = rows.at(-1);
    place = last && positionOf(last);
    more = reach === 'own' && rows.length === SCAN_LIMIT;
  }
  const page = pageFrom(mine, limit, list, positionOf);
  return { data: await approvalList(api, request.caller, page.rows), nextCursor: page.nextCursor };
}
