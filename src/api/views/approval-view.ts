import type { Approval, Question, RecordedDecision, RuleProgress } from '../../contract/approvals.ts';
import { LISTED_ARGUMENTS_MAX_BYTES } from '../../contract/approvals.ts';
import { limitTool } from '../../domain/consent/limit-request.ts';
import { excludedFrom, rulesOf } from '../../domain/core/approver-rules.ts';
import { countedVotes, votesFor } from '../../domain/core/quorum.ts';
import type { ToolDefinition } from '../../domain/schemas/agent.ts';
import type { ApproverRule, Decision } from '../../domain/schemas/approval.ts';
import { StateEditsContent } from '../../domain/schemas/content.ts';
import type { BlobRef } from '../../domain/schemas/names.ts';
import type { ApprovalRow } from '../../store/approvals.ts';
import { readBlobs } from '../../store/blobs.ts';
import { liveClaims } from '../../store/claims.ts';
import type { Claim } from '../../store/claims.ts';
import { getDefinition } from '../../store/definitions.ts';
import { getRun } from '../../store/run-rows.ts';
import type { RunRow } from '../../store/run-rows.ts';
import { claimView } from '../decisions/claims.ts';
import { viewerOf } from '../decisions/may-decide.ts';
import { questionIn } from '../decisions/question.ts';
import type { Api, Caller } from '../dependencies.ts';
import { asActing } from '../runs/acting-agent.ts';
import { approvalHead } from './approval-head.ts';
import { contentOf, resultOf, textOf } from './content.ts';
import type { Contents } from './content.ts';
import { runPath } from './run-view.ts';
import { timestamp, timestampOrNull } from './time.ts';

export const approvalPath = ({ runId, key }: { runId: string; key: string }): string =>
  `${runPath(runId)}/approvals/${key}`;

interface ViewContext {
  readonly caller: Caller;
  readonly nowMs: number;
  readonly contents: Contents;
  readonly claims: ReadonlyMap<string, Claim>;
  readonly tool?: ToolDefinition | undefined;
}

function approvalView(row: ApprovalRow, { caller, nowMs, contents, claims, tool }: ViewContext): Approval {
  const self = approvalPath(row);
  const { verdict, decision, votes = [] } = row;
  const rules = rulesOf(row);
  const excluded = excludedFrom(row, row.requester);
  const counted = countedVotes(row, row.requester);
  const value = contentOf(contents, row.argumentsRef);
  const previous = contentOf(contents, row.previousArgumentsRef);
  const claim = claims.get(row.approvalId);
  return {
    ...approvalHead(row),
    path: row.path,
    turn: row.turn,
    toolCallId: row.toolCallId,
    tool: {
      name: row.tool,
      ...(tool && {
        description: tool.description,
        source: tool.source,
        effect: tool.effect,
        inputSchema: tool.inputSchema,
        ...(tool.credentialRef !== undefined && { credential: tool.credentialRef }),
      }),
    },
    question: row.kind === 'question' ? questionOf(value) : null,
    ...(value === undefined ? {} : { arguments: value }),
    argumentsBytes: row.argumentsRef.bytes,
    ...(previous === undefined ? {} : { previousArguments: previous }),
    editor: row.editor ?? null,
    contributors: row.contributors ?? [],
    rule: { id: verdict.ruleId, layer: verdict.layer, reason: verdict.reason },
    allowedDecisions: verdict.allowedDecisions,
    approverRules: [...rules],
    votes: votes.map((vote) => decisionView(vote, contents)),
    progress: rules.map((rule) => progressOf(rule, decision ? [...counted, decision] : counted, excluded)),
    channels: verdict.channels ?? null,
    stateEditable: verdict.stateEditable ?? [],
    grantable: verdict.grantable ?? null,
    batch: verdict.batch ?? null,
    claim: claim ? claimView(claim) : null,
    onExpire: verdict.onExpire,
    executeBy: timestampOrNull(row.executeBy),
    decision: decision ? decisionView(decision, contents) : null,
    viewer: viewerOf(caller, row, nowMs),
    links: {
      self,
      decisions: `${self}/decisions`,
      claim: `${self}/claim`,
      extend: `${self}/extend`,
      run: runPath(row.runId),
    },
  };
}

/** Arguments that are erased, or too large for a list, hold no question. */
const questionOf = (value: unknown): Question | null => questionIn(value) ?? null;

function decisionView(decision: Decision, contents: Contents): RecordedDecision {
  const response = resultOf(contents, decision.responseRef);
  const stateEdits = StateEditsContent.safeParse(contentOf(contents, decision.stateEditsRef)).data;
  return {
    decisionId: decision.decisionId,
    decision: decision.decision,
    principal: decision.actor.principal,
    channel: decision.channel,
    decidedAt: timestamp(decision.decidedAt),
    reason: textOf(contents, decision.reasonRef) ?? null,
    edited: decision.editedArgumentsRef !== undefined,
    ...(response === undefined ? {} : { response }),
    ...(stateEdits && { stateEdits }),
  };
}

function progressOf(rule: ApproverRule, votes: readonly Decision[], excluded: readonly string[]): RuleProgress {
  const { approvals, rejections } = rule;
  // An edit that needed nobody else is its editor's approval.
  const counted = votes.map(({ actor, decision }) => ({
    actor,
    decision: decision === 'edit' ? ('approve' as const) : decision,
  }));
  const approved = votesFor(rule, counted, 'approve', excluded);
  const rejected = votesFor(rule, counted, 'reject', excluded);
  return { approved, approvals, rejected, rejections, text: `${approved} of ${approvals}` };
}

/** One approval with all that a person must see to consent. `run`: the approval's, where it is at hand. */
export async function approvalDetail(api: Api, caller: Caller, row: ApprovalRow, run?: RunRow): Promise<Approval> {
  const nowMs = await api.clock.nowMs();
  const [contents, tool, claims] = await Promise.all([
    readContents(api, row.tenant, [row], { argumentsMaxBytes: Number.POSITIVE_INFINITY, withPrevious: true }),
    toolDefinition(api, row, run),
    claimsOn(api, row, [row], nowMs),
  ]);
  return approvalView(row, { caller, nowMs, contents, claims, tool });
}

/** A page of approvals: one read of the store for all of their content. */
export async function approvalList(api: Api, caller: Caller, rows: readonly ApprovalRow[]): Promise<Approval[]> {
  const nowMs = await api.clock.nowMs();
  const { scope } = caller;
  const [contents, claims] = await Promise.all([
    readContents(api, scope.tenant, rows, { argumentsMaxBytes: LISTED_ARGUMENTS_MAX_BYTES, withPrevious: false }),
    claimsOn(api, scope, rows, nowMs),
  ]);
  return rows.map((row) => approvalView(row, { caller, nowMs, contents, claims }));
}

async function claimsOn(
  api: Api,
  scope: Caller['scope'],
  rows: readonly ApprovalRow[],
  nowMs: number,
): Promise<ReadonlyMap<string, Claim>> {
  const pending = rows.filter(({ status }) => status === 'pending').map(({ approvalId }) => approvalId);
  return pending.length === 0 ? new Map() : liveClaims(api.store, scope, pending, nowMs);
}

interface WantedContents {
  readonly argumentsMaxBytes: number;
  readonly withPrevious: boolean;
}

async function readContents(
  api: Api,
  tenant: string,
  rows: readonly ApprovalRow[],
  { argumentsMaxBytes, withPrevious }: WantedContents,
): Promise<Contents> {
  const wanted = rows.flatMap((row): (BlobRef | undefined)[] => [
    row.argumentsRef.bytes <= argumentsMaxBytes ? row.argumentsRef : undefined,
    withPrevious ? row.previousArgumentsRef : undefined,
    ...[...(row.votes ?? []), row.decision].flatMap((one) =>
      one ? [one.reasonRef, one.responseRef, one.stateEditsRef] : [],
    ),
  ]);
  const sha256s = wanted.flatMap((ref) => (ref ? [ref.sha256] : []));
  return sha256s.length === 0 ? new Map() : readBlobs(api.store, tenant, sha256s);
}

/** The tool as pinned with the run, not as it is today. */
async function toolDefinition(api: Api, row: ApprovalRow, known?: RunRow): Promise<ToolDefinition | undefined> {
  const run = known ?? (await getRun(api.store, row, row.runId));
  const acting = run && (await asActing(api.store, run, row.path.at(-1)));
  const definition = acting && (await getDefinition(api.store, row, acting.agentDigest));
  return definition?.tools.find(({ name }) => name === row.tool) ?? limitTool(row.tool);
}
