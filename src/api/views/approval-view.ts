import type { Approval } from '../../contract/approvals.ts';
import { LISTED_ARGUMENTS_MAX_BYTES } from '../../contract/approvals.ts';
import type { ToolDefinition } from '../../domain/schemas/agent.ts';
import type { ApprovalRow } from '../../store/approvals.ts';
import { readBlobs } from '../../store/blobs.ts';
import { getDefinition } from '../../store/definitions.ts';
import { getRun } from '../../store/run-rows.ts';
import type { RunRow } from '../../store/run-rows.ts';
import { viewerOf } from '../decisions/may-decide.ts';
import type { Api, Caller } from '../dependencies.ts';
import { contentOf, textOf } from './content.ts';
import type { Contents } from './content.ts';
import { runPath } from './run-view.ts';
import { timestamp, timestampOrNull } from './time.ts';

export const approvalPath = ({ runId, key }: { runId: string; key: string }): string =>
  `${runPath(runId)}/approvals/${key}`;

interface ViewContext {
  readonly caller: Caller;
  readonly nowMs: number;
  readonly contents: Contents;
  readonly tool?: ToolDefinition | undefined;
}

function approvalView(row: ApprovalRow, { caller, nowMs, contents, tool }: ViewContext): Approval {
  const self = approvalPath(row);
  const { verdict, decision } = row;
  const value = contentOf(contents, row.argumentsRef);
  return {
    approvalId: row.approvalId,
    key: row.key,
    kind: row.kind,
    status: row.status,
    runId: row.runId,
    rootRunId: row.rootRunId,
    path: row.path,
    agent: row.agent,
    requester: row.requester,
    turn: row.turn,
    toolCallId: row.toolCallId,
    tool: {
      name: row.tool,
      ...(tool && { description: tool.description, source: tool.source, effect: tool.effect }),
    },
    ...(value === undefined ? {} : { arguments: value }),
    argumentsBytes: row.argumentsRef.bytes,
    digest: row.digest,
    revision: row.revision,
    risk: verdict.risk,
    rule: { id: verdict.ruleId, layer: verdict.layer, reason: verdict.reason },
    allowedDecisions: verdict.allowedDecisions,
    approverRules: verdict.approverRules,
    requestedAt: timestamp(row.requestedAt),
    decideBy: timestamp(row.decideBy),
    onExpire: verdict.onExpire,
    executeBy: timestampOrNull(row.executeBy),
    decision: decision
      ? {
          decisionId: decision.decisionId,
          decision: decision.decision,
          principal: decision.actor.principal,
          channel: decision.channel,
          decidedAt: timestamp(decision.decidedAt),
          reason: textOf(contents, decision.reasonRef) ?? null,
        }
      : null,
    viewer: viewerOf(caller, row, nowMs),
    links: { self, decisions: `${self}/decisions`, run: runPath(row.runId) },
  };
}

/** One approval with all that a person must see to consent. `run`: the approval's, where it is at hand. */
export async function approvalDetail(api: Api, caller: Caller, row: ApprovalRow, run?: RunRow): Promise<Approval> {
  const [contents, tool, nowMs] = await Promise.all([
    readContents(api, row.tenant, [row], Number.POSITIVE_INFINITY),
    toolDefinition(api, row, run),
    api.clock.nowMs(),
  ]);
  return approvalView(row, { caller, nowMs, contents, tool });
}

/** A page of approvals: one read of the store for all of their content. */
export async function approvalList(api: Api, caller: Caller, rows: readonly ApprovalRow[]): Promise<Approval[]> {
  const [contents, nowMs] = await Promise.all([
    readContents(api, caller.scope.tenant, rows, LISTED_ARGUMENTS_MAX_BYTES),
    api.clock.nowMs(),
  ]);
  return rows.map((row) => approvalView(row, { caller, nowMs, contents }));
}

async function readContents(
  api: Api,
  tenant: string,
  rows: readonly ApprovalRow[],
  argumentsMaxBytes: number,
): Promise<Contents> {
  const wanted = rows.flatMap((row) => [
    ...(row.argumentsRef.bytes <= argumentsMaxBytes ? [row.argumentsRef] : []),
    ...(row.decision?.reasonRef ? [row.decision.reasonRef] : []),
  ]);
  return wanted.length === 0
    ? new Map()
    : readBlobs(
        api.store,
        tenant,
        wanted.map(({ sha256 }) => sha256),
      );
}

/** The tool as pinned with the run, not as it is today. */
async function toolDefinition(api: Api, row: ApprovalRow, known?: RunRow): Promise<ToolDefinition | undefined> {
  const run = known ?? (await getRun(api.store, row, row.runId));
  const definition = run && (await getDefinition(api.store, row, run.agentDigest));
  return definition?.tools.find(({ name }) => name === row.tool);
}
