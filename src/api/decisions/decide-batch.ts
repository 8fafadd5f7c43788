/** Decisions across runs: each answered as if it had come alone, none of them in the way of the others. */
import { BatchDecision } from '../../contract/decisions.ts';
import type { BatchItem, DecideBatch } from '../../contract/decisions.ts';
import { parseApprovalId } from '../../domain/core/ids.ts';
import type { Api } from '../dependencies.ts';
import { HttpProblem } from '../http-problem.ts';
import { problemOf } from '../plugins/problems.ts';
import { requestErrors } from '../plugins/validation.ts';
import type { AnyRequest } from '../server-type.ts';
import { approvalPath } from '../views/approval-view.ts';
import { findApproval } from './find-approval.ts';
import { giveDecision } from './give-decision.ts';
import type { VerdictQueries } from './verdict-queries.ts';

/** Approvals that are worked on at once. */
const CONCURRENCY = 8;

export interface BatchOrder {
  readonly request: AnyRequest;
  readonly items: DecideBatch;
  readonly idempotencyKey: string | undefined;
  readonly signal: AbortSignal;
}

interface Place {
  readonly index: number;
  readonly item: DecideBatch[number];
  /** How many before it in the batch are on the same approval: each has a key of its own. */
  readonly nth: number;
}

/** Those on one approval are answered one after the other, as they stand in the batch. */
export async function decideBatch(api: Api, queries: VerdictQueries, order: BatchOrder): Promise<BatchItem[]> {
  const byApproval = Map.groupBy(
    order.items.map((item, index) => ({ item, index })),
    ({ item }) => item.approvalId,
  );
  const waiting = [...byApproval.values()];
  const answers: BatchItem[] = [];
  const work = async (): Promise<void> => {
    for (let group = waiting.shift(); group !== undefined; group = waiting.shift()) {
      for (const [nth, { item, index }] of group.entries())
        answers.push(await decideItem(api, queries, order, { index, item, nth }));
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, work));
  return answers.toSorted((one, other) => one.index - other.index);
}

async function decideItem(api: Api, queries: VerdictQueries, order: BatchOrder, place: Place): Promise<BatchItem> {
  const { index, item } = place;
  const path = parseApprovalId(item.approvalId);
  // What is no id is not repeated: `index` says which item it was.
  const approvalId = path ? item.approvalId : null;
  const links = { approval: path ? approvalPath(path) : null };
  try {
    const given = await decideOne(api, queries, order, place);
    return {
      index,
      approvalId,
      status: given.outcome === 'pending' ? 202 : 200,
      code: null,
      outcome: given.outcome,
      decisionId: given.decisionId,
      grantId: given.grantId,
      guards: [...given.guards],
      approvalStatus: given.approval.status,
      problem: null,
      links: { ...links, self: given.self },
    };
  } catch (error) {
    const problem = problemOf(error);
    if (problem.status >= 500)
      order.request.log.warn({ err: problem.cause ?? error, index }, 'decision.batch_item_failed');
    return {
      index,
      approvalId,
      status: problem.status,
      code: problem.code,
      outcome: null,
      decisionId: null,
      grantId: null,
      guards: [],
      approvalStatus: null,
      problem: problem.toBody(order.request.id),
      links: { ...links, self: null },
    };
  }
}

async function decideOne(api: Api, queries: VerdictQueries, order: BatchOrder, { item, nth }: Place) {
  const parsed = BatchDecision.safeParse(item);
  if (!parsed.success)
    throw new HttpProblem('invalid_request', {
      extras: { errors: requestErrors(parsed.error, 'body', BatchDecision) },
    });
  const { approvalId, ...request } = parsed.data;
  const path = parseApprovalId(approvalId);
  if (!path) throw new HttpProblem('approval_not_found');
  const { idempotencyKey, signal } = order;
  const found = await findApproval(api, order.request, path);
  return giveDecision(api, queries, {
    ...found,
    caller: order.request.caller,
    request,
    idempotencyKey: idempotencyKey === undefined ? undefined : `${idempotencyKey} ${nth}`,
    signal,
  });
}
