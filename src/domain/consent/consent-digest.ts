/**
 * The digest that consent binds to: everything that makes a call this call. A format that outlives code: version 1,
 * 2026-11. Deadlines are not in it, so that extending one changes no digest.
 */
import { canonicalJson } from '../arguments/canonical-json.ts';
import type { JsonValue } from '../arguments/canonical-json.ts';
import { digestOf } from '../core/digest.ts';
import type { Verdict } from '../schemas/approval.ts';
import type { StartCommand } from '../schemas/command.ts';
import type { ToolDefinition } from '../schemas/agent.ts';

export interface ConsentSubject {
  /** `limit`: the run asks for more budget. @default 'tool' */
  readonly kind?: 'tool' | 'limit';
  readonly start: Pick<
    StartCommand,
    'tenant' | 'project' | 'runId' | 'agentDigest' | 'policyDigest' | 'requester' | 'salt'
  >;
  readonly rootRunId: string;
  /** Agents from the root to the run that asks. */
  readonly path: readonly string[];
  readonly toolCallId: string;
  readonly revision: number;
  readonly tool: Pick<ToolDefinition, 'source' | 'name' | 'definitionDigest'>;
  /** A reference to the credential that the tool will use, never the credential; null where it uses none. */
  readonly credentialRef: string | null;
  readonly arguments: JsonValue;
  readonly verdict: Pick<Verdict, 'ruleId' | 'approverRules'>;
}

/** SHA-256 over RFC 8785 canonical JSON. Bridge, model step, gate and verifier all call this one function. */
export const consentDigest = (subject: ConsentSubject): string => {
  const { start, tool, verdict } = subject;
  const bound = {
    v: 1,
    kind: subject.kind ?? 'tool',
    tenant: start.tenant,
    project: start.project,
    rootRunId: subject.rootRunId,
    runId: start.runId,
    path: subject.path,
    toolCallId: subject.toolCallId,
    revision: subject.revision,
    tool: {
      source: tool.source,
      name: tool.name,
      definitionDigest: tool.definitionDigest,
      credentialRef: subject.credentialRef,
    },
    arguments: subject.arguments,
    agentDigest: start.agentDigest,
    requester: start.requester,
    rule: { id: verdict.ruleId, approverRule: verdict.approverRules, policyDigest: start.policyDigest },
    salt: start.salt,
  };
  // Schema-checked values only: all of this is plain JSON.
  return digestOf(canonicalJson(JSON.parse(JSON.stringify(bound)) as JsonValue));
};
