/** Turns what a model asked for into judged calls: parsed strictly, checked by the tool's schema, held against policy. */
import type { z } from 'zod';
import { argumentsChecker } from '../domain/arguments/answer-schema.ts';
import { canonicalJson } from '../domain/arguments/canonical-json.ts';
import type { JsonValue } from '../domain/arguments/canonical-json.ts';
import { parseStrictJson } from '../domain/arguments/parse-strict-json.ts';
import { validateArguments } from '../domain/arguments/validate-arguments.ts';
import { digestOfCall, judgeArguments } from '../domain/consent/judge-call.ts';
import type { CallContext } from '../domain/consent/judge-call.ts';
import { digestOf } from '../domain/core/digest.ts';
import { toolCallId } from '../domain/core/ids.ts';
import { questionVerdict } from '../domain/core/open-approval.ts';
import { isAnsweredByPeople } from '../domain/core/tool-roles.ts';
import { stepTimeoutMs } from '../domain/schemas/agent.ts';
import type { ToolDefinition } from '../domain/schemas/agent.ts';
import type { Verdict } from '../domain/schemas/approval.ts';
import type { RecordedFacts } from '../domain/schemas/content.ts';
import type { JudgedCall } from '../domain/schemas/event.ts';
import type { CallModelInput, RevisedCall } from '../domain/schemas/step.ts';
import type { RequestedCall } from '../adapters/models/model-port.ts';
import { makeBlob } from '../store/blobs.ts';
import type { NewBlob } from '../store/blobs.ts';
import type { StepDependencies } from './dependencies.ts';
import { deriveTransfer, keepTransfer } from './derive-transfer.ts';
import { openGrantFinder } from './find-grants.ts';
import type { PinnedRun } from './pinned-run.ts';
import { pinnedTool } from './pinned-tool.ts';
import { mayTransfer } from './prove-transfer.ts';

/** Calls beyond the limit of a turn are answered with an error; beyond this they are dropped from the answer. */
export const MAX_CALLS_HEARD = 256;

const PROBLEMS = {
  too_many_calls: 'Too many calls in one turn. This one did not run.',
  unknown_tool: 'There is no tool of this name.',
  tool_unavailable: 'This tool is not available in the version that the run was started with.',
  too_many_transfers: 'This run has been handed over as often as it may be. Go on yourself.',
  transferred_already: 'Another call of this turn hands the run over.',
  invalid_arguments: 'The arguments are not valid for this tool. The call did not run.',
} as const;

interface Judged {
  readonly calls: readonly JudgedCall[];
  readonly blobs: readonly NewBlob[];
}

export interface Turn {
  readonly requested: readonly RequestedCall[];
  readonly facts: RecordedFacts;
  readonly revising: CallModelInput['revising'];
}

/** A call whose arguments are good, before anybody knows whether a grant covers it. */
interface ValidCall {
  readonly type: 'valid';
  readonly tool: ToolDefinition;
  readonly context: CallContext;
  readonly arguments: JsonValue;
  readonly verdict: Verdict;
}

/** The same for equal calls of a run, whatever their ids, and worth nothing outside it. */
const fingerprintOf = ({ context: { start }, tool, arguments: args }: ValidCall): string =>
  digestOf(
    canonicalJson({
      salt: start.salt,
      tool: tool.name,
      definitionDigest: tool.definitionDigest,
      arguments: args,
    }),
  );

/** A tool that this worker lacks is judged by its pinned schema: the gate parks the call and shows both. */
const checkerOf = (dependencies: StepDependencies, agent: string, tool: ToolDefinition): z.ZodType | undefined =>
  pinnedTool(dependencies, agent, tool)?.input ?? argumentsChecker(tool);

/** A question waits for its answer whatever policy allows. */
const verdictOf = (context: CallContext, args: JsonValue): Verdict => {
  const verdict = judgeArguments(context, args);
  return context.tool.role === 'question' && verdict.effect !== 'deny' ? questionVerdict(verdict) : verdict;
};

/** Of several calls of a tool that a person wanted changed, the first is the next revision. */
const openRevisions = (revising: Turn['revising'] = {}) => {
  const open = new Map(Object.entries(revising));
  return (tool: string, verdict: Verdict): RevisedCall | undefined => {
    if (verdict.effect === 'deny') return undefined;
    const revised = open.get(tool);
    open.delete(tool);
    return revised;
  };
};

const revisionFields = (revised: RevisedCall | undefined): Partial<JudgedCall> =>
  revised
    ? { revision: revised.revision + 1, supersedes: revised.approvalId, previousArgumentsRef: revised.argumentsRef }
    : {};

export const judgeCalls = async (
  dependencies: StepDependencies,
  run: PinnedRun,
  { requested, facts, revising }: Turn,
): Promise<Judged> => {
  const blobs: NewBlob[] = [];
  const keep = (value: JsonValue) => {
    const blob = makeBlob(value);
    blobs.push(blob);
    return blob.ref;
  };
  const factsRef = requested.length > 0 ? keep(facts) : undefined;

  const check = (call: RequestedCall, index: number): ValidCall | JudgedCall => {
    const id = toolCallId(facts.turn, index);
    // A name that no tool has is the model's text, not ours: it stays in the message.
    const tool = run.definition.tools.find((one) => one.name === call.tool);
    const problem = (code: keyof typeof PROBLEMS, detail?: string): JudgedCall => ({
      toolCallId: id,
      tool: tool?.name ?? 'unknown',
      problem: { code, message: PROBLEMS[code], ...(detail && { reasonRef: keep({ text: detail }) }) },
    });
    if (index >= run.definition.limits.maxToolCallsPerTurn) return problem('too_many_calls');
    if (!tool) return problem('unknown_tool');
    if (tool.role === 'transfer' && !mayTransfer(run)) return problem('too_many_transfers');
    if (tool.role === 'transfer' && handsOver(requested.slice(0, index))) return problem('transferred_already');
    const checker = checkerOf(dependencies, run.start.agent, tool);
    if (!checker) return problem('tool_unavailable');
    const parsed = parseStrictJson(call.argumentsText.trim() === '' ? '{}' : call.argumentsText);
    if (!parsed.ok) return problem('invalid_arguments', parsed.fault.message);
    const valid = validateArguments(checker, parsed.value);
    if (!valid.ok)
      return problem('invalid_arguments', valid.faults.map((fault) => `${fault.path}: ${fault.message}`).join('\n'));
    const { start, rootRunId, path, policy } = run;
    const context: CallContext = { start, rootRunId, path, policy, tool, toolCallId: id, facts };
    return { type: 'valid', tool, context, arguments: valid.value, verdict: verdictOf(context, valid.value) };
  };

  const handsOver = (calls: readonly RequestedCall[]): boolean =>
    run.definition.tools.some(({ role, name }) => role === 'transfer' && calls.some(({ tool }) => tool === name));

  const checked = requested.map(check);
  const mayBeGranted = checked.some((one) => 'type' in one && one.verdict.effect === 'ask' && one.verdict.grantable);
  const grants = await openGrantFinder(dependencies, run, mayBeGranted);
  const revise = openRevisions(revising);

  const judge = async (call: ValidCall): Promise<JudgedCall> => {
    const { tool, context, arguments: args, verdict } = call;
    const { role, effect, agentDigest } = tool;
    const acting =
      role === 'transfer' && agentDigest !== undefined
        ? await keepTransfer(dependencies, run, agentDigest, deriveTransfer)
        : undefined;
    const revised = revise(tool.name, verdict);
    const revision = revised ? revised.revision + 1 : 1;
    const grantId = isAnsweredByPeople(role) ? undefined : grants.find(tool, verdict, args);
    return {
      toolCallId: context.toolCallId,
      tool: tool.name,
      argumentsRef: keep(args),
      ...(factsRef && { factsRef }),
      digest: digestOfCall(context, { arguments: args, revision, verdict }),
      verdict,
      fingerprint: fingerprintOf(call),
      ...revisionFields(revised),
      ...(grantId !== undefined && { grantId }),
      ...(role && { role }),
      ...(role === 'block' && { reasonRef: keep({ text: (args as { readonly reason: string }).reason }) }),
      ...(acting && { transfer: acting }),
      effect,
      timeoutMs: stepTimeoutMs(tool),
    };
  };

  const calls: JudgedCall[] = [];
  for (const one of checked) calls.push('type' in one ? await judge(one) : one);
  return { calls, blobs };
};
