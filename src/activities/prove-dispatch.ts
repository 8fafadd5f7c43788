/**
 * The gate's proof: may this call run? Nothing is taken from the step's arguments that the store or a signature does not
 * bear out. Run, requester, agent and policy come from the signed start command, the arguments from the blob store by
 * their hash; the verdict is evaluated again over the recorded facts, and the digest computed again over what will run.
 */
import type { Tool } from '../adapters/tools/tool.ts';
import { canonicalJson } from '../domain/arguments/canonical-json.ts';
import type { JsonValue } from '../domain/arguments/canonical-json.ts';
import { validateArguments } from '../domain/arguments/validate-arguments.ts';
import { consentDigest } from '../domain/consent/consent-digest.ts';
import { RecordedFacts } from '../domain/schemas/content.ts';
import { evaluatePolicy } from '../domain/policy/evaluate.ts';
import { Verdict } from '../domain/schemas/approval.ts';
import type { RunToolInput } from '../domain/schemas/step.ts';
import { readBlobs } from '../store/blobs.ts';
import type { StepDependencies } from './dependencies.ts';
import { policyFacts } from './policy-facts.ts';
import type { PinnedRun } from './pinned-run.ts';
import { proveConsent } from './prove-consent.ts';
import { refused } from './refused.ts';
import type { Refused } from './refused.ts';

export interface ProvenCall {
  readonly type: 'proven';
  readonly tool: Tool;
  /** Frozen: exactly what was digested. */
  readonly arguments: JsonValue;
  readonly digest: string;
}

export const proveDispatch = async (
  dependencies: StepDependencies,
  run: PinnedRun,
  input: RunToolInput,
): Promise<ProvenCall | Refused> => {
  const definition = run.definition.tools.find((one) => one.name === input.tool);
  if (!definition) return refused('unknown_tool', 'The pinned agent has no such tool.');
  const tool = dependencies.tools.get(definition.definitionDigest);
  if (!tool) {
    const loaded = [...dependencies.tools].find(([, one]) => one.name === definition.name)?.[0] ?? 'none';
    const detail = `The run was started with ${definition.name} as ${definition.definitionDigest}; this worker has ${loaded}.`;
    return refused('tool_drifted', detail);
  }
  const { argumentsRef, factsRef } = input;
  const content = await readBlobs(dependencies.store, run.start.tenant, [argumentsRef.sha256, factsRef.sha256]);
  const args = content.get(argumentsRef.sha256);
  const recorded = RecordedFacts.safeParse(content.get(factsRef.sha256));
  if (args === undefined || !recorded.success)
    return refused('content_missing', 'The stored arguments or facts of this call are missing or altered.');
  const valid = validateArguments(tool.input, args);
  if (!valid.ok || valid.canonical !== canonicalJson(args))
    return refused('arguments_changed', 'The tool would read the approved arguments otherwise than they were shown.');

  const verdict = Verdict.parse(evaluatePolicy(run.policy, policyFacts(run, definition, valid.value, recorded.data)));
  const digest = consentDigest({
    start: run.start,
    rootRunId: run.rootRunId,
    path: run.path,
    toolCallId: input.toolCallId,
    revision: input.revision,
    tool: definition,
    credentialRef: null,
    arguments: valid.value,
    verdict,
  });
  if (verdict.effect === 'deny') return refused('policy_denied', 'Policy denies this call.', 'deny');
  if (input.basis === 'rule' && verdict.effect !== 'allow')
    return refused('not_allowed_by_rule', 'No rule allows this call without consent.');
  if (digest !== input.digest) {
    const then = input.basis === 'consent' ? 'void_consent' : 'park';
    return refused('digest_mismatch', 'What would run is not what was judged.', then);
  }
  if (input.basis === 'consent') {
    const nowMs = await dependencies.clock.nowMs();
    const fault = proveConsent(dependencies.trust, run.start, { input, verdict, digest, nowMs });
    if (fault) return fault;
  }
  return { type: 'proven', tool, arguments: valid.value, digest };
};
