/** What policy says of one call, and the digest that consent to it binds to. Model step, bridge and gate all ask this. */
import type { JsonValue } from '../arguments/json-value.ts';
import type { CompiledLayer } from '../policy/compile.ts';
import { evaluatePolicy } from '../policy/evaluate.ts';
import type { PolicyFacts } from '../policy/facts.ts';
import type { ToolDefinition } from '../schemas/agent.ts';
import { Verdict } from '../schemas/approval.ts';
import type { StartCommand } from '../schemas/command.ts';
import type { RecordedFacts } from '../schemas/content.ts';
import { consentDigest } from './consent-digest.ts';
import { isLimit, limitVerdict } from './limit-request.ts';

/** All of a call but its arguments and its revision. */
export interface CallContext {
  readonly start: StartCommand;
  readonly rootRunId: string;
  /** Agents from the root to the run that asks. */
  readonly path: readonly string[];
  readonly policy: readonly CompiledLayer[];
  readonly tool: ToolDefinition;
  readonly toolCallId: string;
  /** As the model step recorded them. */
  readonly facts: RecordedFacts;
}

/** What conditions see: nothing that anybody can write beyond the call itself. */
export const callFacts = (
  context: Pick<CallContext, 'path' | 'tool' | 'facts'> & { readonly start: Pick<StartCommand, 'agent' | 'requester'> },
  args: JsonValue,
): PolicyFacts => {
  const { start, path, tool, facts } = context;
  return {
    args,
    tool: {
      name: tool.name,
      source: tool.source,
      effect: tool.effect,
      ...(tool.annotations && { annotations: tool.annotations as Record<string, JsonValue> }),
    },
    run: { agent: start.agent, depth: path.length - 1, turn: facts.turn, startedAt: facts.startedAt },
    requester: start.requester,
    usage: facts.usage,
  };
};

export const judgeArguments = (context: CallContext, args: JsonValue): Verdict =>
  isLimit(context.tool)
    ? limitVerdict(context.policy, callFacts(context, args))
    : Verdict.parse(evaluatePolicy(context.policy, callFacts(context, args)));

export const digestOfCall = (
  { start, rootRunId, path, toolCallId, tool }: CallContext,
  call: { readonly arguments: JsonValue; readonly revision: number; readonly verdict: Verdict },
): string =>
  consentDigest({
    ...(isLimit(tool) && { kind: 'limit' }),
    start,
    rootRunId,
    path,
    toolCallId,
    tool,
    credentialRef: tool.credentialRef ?? null,
    ...call,
  });
