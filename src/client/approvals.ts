/** Requests for consent, and what people answer. */
import type { Approval, ListApprovalsQuery } from '../contract/approvals.ts';
import type {
  BatchDecision,
  BatchResult,
  ClaimApproval,
  ClaimReceipt,
  DecideApproval,
  DecisionReceipt,
  DecisionView,
  ExtendApproval,
  ExtendReceipt,
  PendingCommand,
  PendingDecision,
  ReleaseReceipt,
} from '../contract/decisions.ts';
import type { Page } from '../contract/pagination.ts';
import { followApprovals } from './approval-changes.ts';
import type { ApprovalFeedItem } from './approval-changes.ts';
import { segment } from './calls.ts';
import type { CallOptions, Calls, CommandOptions } from './calls.ts';
import type { ReconnectOptions } from './event-stream.ts';
import type { Http } from './http.ts';

/** Where an approval is found: an Approval is one. */
export interface ApprovalAddress {
  readonly runId: string;
  readonly key: string;
}

export interface ApprovalsClient {
  list(query?: ListApprovalsQuery, options?: CallOptions): Promise<Page<Approval>>;
  listOfRun(
    runId: string,
    query?: Pick<ListApprovalsQuery, 'status' | 'limit' | 'cursor'>,
    options?: CallOptions,
  ): Promise<Page<Approval>>;
  get(address: ApprovalAddress, options?: CallOptions): Promise<Approval>;
  /** What is pending, then every change, through cuts of the connection and restarts of the server. */
  watch(options?: ReconnectOptions): AsyncGenerator<ApprovalFeedItem>;
  /** `outcome: 'pending'`: no worker answered in time; look with `decisions.get`. */
  decide(
    address: ApprovalAddress,
    request: DecideApproval,
    options?: CommandOptions,
  ): Promise<DecisionReceipt | PendingDecision>;
  /** Says: I am looking at it. A claim of one's own is renewed. */
  claim(address: ApprovalAddress, request?: ClaimApproval, options?: CommandOptions): Promise<ClaimReceipt>;
  release(
    address: ApprovalAddress,
    request?: { readonly force?: boolean },
    options?: CommandOptions,
  ): Promise<ReleaseReceipt>;
  /** `outcome: 'pending'`: no worker answered in time; the approval will show the new deadline. */
  extend(
    address: ApprovalAddress,
    request: ExtendApproval,
    options?: CommandOptions,
  ): Promise<ExtendReceipt | PendingCommand>;
}

export interface DecisionsClient {
  get(address: ApprovalAddress, decisionId: string, options?: CallOptions): Promise<DecisionView>;
  /** Up to a hundred, of any runs; an answer for each, in their order. Refused ones throw nothing. */
  batch(decisions: readonly BatchDecision[], options?: CommandOptions): Promise<BatchResult>;
}

const approvalPath = ({ runId, key }: ApprovalAddress): string =>
  `/v1/runs/${segment(runId)}/approvals/${segment(key)}`;

export const approvalsClient = (http: Http, { get, post, remove }: Calls): ApprovalsClient => ({
  list: (query, given) => get('/v1/approvals', given, query),
  listOfRun: (runId, query, given) => get(`/v1/runs/${segment(runId)}/approvals`, given, query),
  get: (address, given) => get(approvalPath(address), given),
  watch: (given) => followApprovals(http, given),
  decide: (address, request, given) => post(`${approvalPath(address)}/decisions`, request, given),
  claim: (address, request = {}, given) => post(`${approvalPath(address)}/claim`, request, given),
  release: (address, { force } = {}, given) => remove(`${approvalPath(address)}/claim`, given, { force }),
  extend: (address, request, given) => post(`${approvalPath(address)}/extend`, request, given),
});

export const decisionsClient = ({ get, post }: Calls): DecisionsClient => ({
  get: (address, decisionId, given) => get(`${approvalPath(address)}/decisions/${segment(decisionId)}`, given),
  batch: (decisions, given) => post('/v1/decisions', decisions, given),
});
