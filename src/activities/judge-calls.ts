/** Turns what a model asked for into judged calls: parsed strictly, checked by the tool's schema, held against policy. */
import { parseStrictJson } from '../domain/arguments/parse-strict-json.ts';
import { validateArguments } from '../domain/arguments/validate-arguments.ts';
import type { JsonValue } from '../domain/arguments/canonical-json.ts';
import { consentDigest } from '../domain/consent/consent-digest.ts';
import { toolCallId } from '../domain/core/ids.ts';
import { evaluatePolicy } from '../domain/policy/evaluate.ts';
import { Verdict } from '../domain/schemas/approval.ts';
import type { JudgedCall } from '../domain/schemas/event.ts';
import type { RequestedCall } from '../adapters/models/model-port.ts';
import { makeBlob } from '../store/blobs.ts';
import type { NewBlob } from '../store/blobs.ts';
import type { RecordedFacts } from '../domain/schemas/content.ts';
import type { StepDependencies } from './dependencies.ts';
import type { PinnedRun } from './pinned-run.ts';
import { policyFacts } from './policy-facts.ts';

/** Calls beyond the limit of a turn are answered with an error; beyond this they are dropped from the answer. */
export const MAX_CALLS_HEARD = 256;

const PROBLEMS = {
  too_many_calls: 'Too many calls in one turn. This one did not run.',
  unknown_tool: 'There is no tool of this name.',
  tool_unavailable: 'This tool is not available in the version that the run was started with.',
  invalid_arguments: 'The arguments are not valid for this tool. The call did not run.',
} as const;

interface Judged {
  readonly calls: readonly JudgedCall[];
  readonly blobs: readonly NewBlob[];
}

export const judgeCalls = (
  tools: StepDependencies['tools'],
  run: PinnedRun,
  requested: readonly RequestedCall[],
  facts: RecordedFacts,
): Judged => {
  const blobs: NewBlob[] = [];
  const keep = (value: JsonValue) => {
    const blob = makeBlob(value);
    blobs.push(blob);
    return blob.ref;
  };
  const factsRef = requested.length > 0 ? keep(facts) : undefined;

  const judge = (call: RequestedCall, index: number): JudgedCall => {
    const id = toolCallId(facts.turn, index);
    // A name that no tool has is the model's text, not ours: it stays in the message.
    const definition = run.definition.tools.find((one) => one.name === call.tool);
    const named = { toolCallId: id, tool: definition?.name ?? 'unknown' };
    const problem = (code: keyof typeof PROBLEMS, detail?: string): JudgedCall => ({
      ...named,
      problem: { code, message: PROBLEMS[code], ...(detail && { reasonRef: keep({ text: detail }) }) },
    });
    if (index >= run.definition.limits.maxToolCallsPerTurn) return problem('too_many_calls');
    if (!definition) return problem('unknown_tool');
    const tool = tools.get(definition.definitionDigest);
    if (!tool) return problem('tool_unavailable');
    const parsed = parseStrictJson(call.argumentsText.trim() === '' ? '{}' : call.argumentsText);
    if (!parsed.ok) return problem('invalid_arguments', parsed.fault.message);
    const valid = validateArguments(tool.input, parsed.value);
    if (!valid.ok)
      return problem('invalid_arguments', valid.faults.map((fault) => `${fault.path}: ${fault.message}`).join('\n'));

    const verdict = Verdict.parse(evaluatePolicy(run.policy, policyFacts(run, definition, valid.value, facts)));
    const digest = consentDigest({
      start: run.start,
      rootRunId: run.rootRunId,
      path: run.path,
      toolCallId: id,
      revision: 1,
      tool: definition,
      credentialRef: null,
      arguments: valid.value,
      verdict,
    });
    return {
      ...named,
      argumentsRef: keep(valid.value),
      ...(factsRef && { factsRef }),
      digest,
      verdict,
      effect: definition.effect,
      timeoutMs: definition.timeoutMs,
    };
  };

  return { calls: requested.map(judge), blobs };
};
