/**
 * What a dispatch is about, as store and signatures bear it out: run, requester, agent and policy by the signed start
 * command, the tool by its digest, the arguments from the blob store by their hash, and what policy says of them, evaluated
 * again over the recorded facts.
 */
import type { Tool } from '../adapters/tools/tool.ts';
import { toolDefinition } from '../adapters/tools/tool-definition.ts';
import { canonicalJson } from '../domain/arguments/canonical-json.ts';
import type { JsonValue } from '../domain/arguments/canonical-json.ts';
import { validateArguments } from '../domain/arguments/validate-arguments.ts';
import { isAnsweredByPeople } from '../domain/core/tool-roles.ts';
import { callFacts, digestOfCall, judgeArguments } from '../domain/consent/judge-call.ts';
import type { CallContext } from '../domain/consent/judge-call.ts';
import { tightenVerdict } from '../domain/consent/tighten-verdict.ts';
import { todaysOpinion } from '../domain/consent/todays-verdict.ts';
import type { CompiledLayer } from '../domain/policy/compile.ts';
import { Verdict } from '../domain/schemas/approval.ts';
import { RecordedFacts } from '../domain/schemas/content.ts';
import type { RunToolInput } from '../domain/schemas/step.ts';
import { readBlobs } from '../store/blobs.ts';
import type { CurrentPolicies } from './current-policy.ts';
import type { StepDependencies } from './dependencies.ts';
import { drifted } from './drifted.ts';
import type { PinnedRun } from './pinned-run.ts';
import { pinnedTool } from './pinned-tool.ts';
import { refused } from './refused.ts';
import type { Refused } from './refused.ts';
import type { HeldSlot } from './slot.ts';

export interface Subject {
  readonly type: 'subject';
  readonly run: PinnedRun;
  readonly input: RunToolInput;
  readonly context: CallContext;
  /** Frozen: exactly what is digested. */
  readonly arguments: JsonValue;
  /** What the pinned policy says, and what it says with today's layers added. */
  readonly pinned: Verdict;
  readonly current: Verdict;
  /** Today's layers of deployment and project. */
  readonly today: readonly CompiledLayer[];
  readonly nowMs: number;
  /** The slot that the run has, where the deployment limits them: waiting for it counts against nothing. */
  readonly slot: HeldSlot | undefined;
  /** It was dispatched before, at that time: what has been revoked since counts for nothing. */
  readonly isPast?: true;
}

/** A call that this worker can carry out. */
export interface ExecutableSubject extends Subject {
  readonly tool: Tool;
}

/** The digest of this call under a verdict, by default as the revision that is to run. */
export const digestUnder = (
  { context, arguments: args, input }: Subject,
  verdict: Verdict,
  revision = input.revision,
): string => digestOfCall(context, { arguments: args, revision, verdict });

/** What today's layers say of it; undefined where no rule of theirs has a say. */
export const currentOpinion = (
  layers: readonly CompiledLayer[],
  context: CallContext,
  args: JsonValue,
): Verdict | undefined => {
  const opinion = todaysOpinion(context.policy, layers, callFacts(context, args));
  return opinion && Verdict.parse(opinion);
};

export const openSubject = async (
  dependencies: StepDependencies,
  policies: CurrentPolicies,
  run: PinnedRun,
  input: RunToolInput,
  slot: HeldSlot | undefined,
): Promise<ExecutableSubject | Refused> => {
  const definition = run.definition.tools.find((one) => one.name === input.tool);
  if (!definition) return refused('unknown_tool', 'The pinned agent has no such tool.');
  const tool = pinnedTool(dependencies, run.start.agent, definition);
  if (!tool) {
    const loaded = [...dependencies.tools.values()].find((one) => one.name === definition.name);
    return drifted(dependencies.store, run.start.tenant, definition, loaded ? toolDefinition(loaded) : null);
  }
  if (isAnsweredByPeople(tool.role))
    return refused('not_executable', 'Only a person can answer this call, and nobody has.', 'deny');
  const { argumentsRef, factsRef } = input;
  const { start, rootRunId, path, policy } = run;
  const content = await readBlobs(dependencies.store, start.tenant, [argumentsRef.sha256, factsRef.sha256]);
  const args = content.get(argumentsRef.sha256);
  const facts = RecordedFacts.safeParse(content.get(factsRef.sha256));
  if (args === undefined || !facts.success)
    return refused('content_missing', 'The stored arguments or facts of this call are missing or altered.');
  const valid = validateArguments(tool.input, args);
  if (!valid.ok || valid.canonical !== canonicalJson(args))
    return refused('arguments_changed', 'The tool would read the approved arguments otherwise than they were shown.');
  const context: CallContext = {
    start,
    rootRunId,
    path,
    policy,
    tool: definition,
    toolCallId: input.toolCallId,
    facts: facts.data,
  };
  const layers = await policies.read(start);
  if (!layers) return refused('policy_unreadable', 'A policy layer of today cannot be read by this worker.');
  const pinned = judgeArguments(context, valid.value);
  return {
    type: 'subject',
    run,
    input,
    context,
    tool,
    arguments: valid.value,
    pinned,
    current: tightenVerdict(pinned, currentOpinion(layers, context, valid.value)),
    today: layers,
    nowMs: await dependencies.clock.nowMs(),
    slot,
  };
};
