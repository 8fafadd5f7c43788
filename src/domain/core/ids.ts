/**
 * The only place where ids are put together and taken apart. Nothing here is random: what must be random is handed in.
 */
import { sha256Bytes } from './digest.ts';

const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';

/** RFC 4648 base32 in lower case, without padding, cut to `length` characters. */
const base32 = (bytes: Uint8Array, length: number): string => {
  let out = '';
  let buffer = 0;
  let bits = 0;
  for (const byte of bytes) {
    buffer = (buffer << 8) | byte;
    bits += 8;
    while (bits >= 5 && out.length < length) {
      bits -= 5;
      out += BASE32.charAt((buffer >>> bits) & 31);
    }
    buffer &= (1 << bits) - 1;
  }
  return out;
};

/** JSON keeps the parts apart: no two lists of names give the same text. */
const hashOf = (...parts: readonly string[]): Uint8Array => sha256Bytes(JSON.stringify(parts));

/** A run id from at least 17 random bytes. */
export const runIdFromBytes = (random: Uint8Array): string => {
  if (random.length < 17) throw new RangeError('A run id needs 17 random bytes.');
  return `run_${base32(random, 26)}`;
};

/** The run id that an `Idempotency-Key` names: the same key of the same principal is the same run. */
export const runIdFromKey = (owner: { tenant: string; project: string; principal: string; key: string }): string =>
  `run_${base32(hashOf('countersign.run/v1', owner.tenant, owner.project, owner.principal, owner.key), 26)}`;

export const subRunId = (rootRunId: string, parentRunId: string, toolCallId: string): string =>
  `${rootRunId}.${base32(hashOf('countersign.sub-run/v1', parentRunId, toolCallId), 16)}`;

/** The run at the top of a tree: every id in it begins with this one. */
export const rootRunIdOf = (runId: string): string => runId.split('.', 1)[0] ?? runId;

export interface WorkflowAddress {
  readonly tenant: string;
  readonly project: string;
  readonly runId: string;
}

export const workflowId = ({ tenant, project, runId }: WorkflowAddress): string => `${tenant}/${project}/${runId}`;

export const parseWorkflowId = (id: string): WorkflowAddress | undefined => {
  const [tenant, project, runId, ...rest] = id.split('/');
  return tenant && project && runId && rest.length === 0 ? { tenant, project, runId } : undefined;
};

/** Calls are named by their place, never by the provider's id. */
export const toolCallId = (turn: number, index: number): string => `call_${turn}_${index}`;

/** Names the n-th request of a run for more budget. */
export const limitKey = (n: number): string => `limit_${n}`;

const APPROVAL = /^tool-approval:(run_[a-z2-7]{26}(?:\.[a-z2-7]{16})*):((?:call_\d{1,6}_\d{1,4})|(?:limit_\d{1,4}))$/;

export const approvalId = (runId: string, key: string): string => `tool-approval:${runId}:${key}`;

export const parseApprovalId = (id: string): { runId: string; key: string } | undefined => {
  const match = APPROVAL.exec(id);
  return match?.[1] && match[2] ? { runId: match[1], key: match[2] } : undefined;
};

/** The turn that an approval's key belongs to; undefined for those of limits. */
export const turnOf = (key: string): number | undefined => {
  const turn = /^call_(\d+)_\d+$/.exec(key)?.[1];
  return turn === undefined ? undefined : Number(turn);
};

/** The idempotency key that a tool receives, and the ledger's key: at most one effect under it. */
export const effectKey = (runId: string, callId: string, revision: number): string =>
  `${approvalId(runId, callId)}.${revision}`;

/** Names one dispatch of a call to another task queue, with all attempts at it. */
export const toolTaskId = (tenant: string, key: string, dispatch: string): string =>
  `task_${base32(hashOf('countersign.tool-task/v1', tenant, key, dispatch), 26)}`;

/** Beside the run's own, and no run's: `parseWorkflowId` does not take it for one. */
export const toolTaskWorkflowId = (run: WorkflowAddress, taskId: string): string => `${workflowId(run)}/${taskId}`;

/** The short form that buttons and other dialects carry. A mismatch with the pending request never decides. */
export const decisionToken = (approval: { approvalId: string; revision: number; digest: string }): string =>
  `${approval.approvalId}.${approval.revision}.${approval.digest.slice('sha256:'.length, 'sha256:'.length + 16)}`;

export const parseDecisionToken = (
  token: string,
): { approvalId: string; revision: number; digestStart: string } | undefined => {
  const match = /^(tool-approval:[^:]+:[a-z]+_[0-9_]+)\.(\d{1,6})\.([0-9a-f]{16})$/.exec(token);
  return match?.[1] && match[2] && match[3] && parseApprovalId(match[1])
    ? { approvalId: match[1], revision: Number(match[2]), digestStart: match[3] }
    : undefined;
};

/** Origin of events: the workflow itself, or one attempt of a step, or the bridge. */
export const WORKFLOW_ORIGIN = 'workflow';
/** The workflow's too, where a lost task has used up the numbers of some of its events. */
export const WORKFLOW_AGAIN_ORIGIN = 'workflow.again';
export const isWorkflowOrigin = (origin: string): boolean =>
  origin === WORKFLOW_ORIGIN || origin === WORKFLOW_AGAIN_ORIGIN;
export const stepOrigin = (step: string, attempt: number): string => `${step}:${attempt}`;
