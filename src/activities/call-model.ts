/** One model call as one recoverable step: stores what led here, asks, judges the answer, keeps its content. */
import type { AnswerPart } from '../adapters/models/model-port.ts';
import type { JsonValue } from '../domain/arguments/json-value.ts';
import { toolCallId } from '../domain/core/ids.ts';
import type { CallModelInput, CallModelOutput, ModelStepResult } from '../domain/schemas/step.ts';
import { makeBlob, putBlobs } from '../store/blobs.ts';
import { checkBudget } from './check-budget.ts';
import { outputFault } from './check-output.ts';
import { checkContract } from './check-contract.ts';
import type { MessageContent } from '../domain/schemas/content.ts';
import type { StepDependencies } from './dependencies.ts';
import { admitStep } from './admit.ts';
import { askModel } from './ask-model.ts';
import type { Reply, Summary } from './ask-model.ts';
import { announceRetry } from './announce-retry.ts';
import { deriveNext, keepTransfer } from './derive-transfer.ts';
import { withHeartbeats } from './heartbeats.ts';
import { MAX_CALLS_HEARD, judgeCalls } from './judge-calls.ts';
import { hidesWords } from '../domain/hidden-words.ts';
import { loadRun } from './load-run.ts';
import type { PinnedRun, PinnedRuns } from './pinned-run.ts';
import { recordedFacts } from './recorded-facts.ts';
import { storeRideAlong } from './ride-along.ts';
import { awaitSlot } from './slot.ts';
import type { Transcripts } from './transcript.ts';

/** Longer arguments are beyond what the strict parser reads; the model sees a cut text and an error. */
const MAX_KEPT_ARGUMENTS = 1_048_576 + 1_024;

export const callModel =
  (dependencies: StepDependencies, pinnedRuns: PinnedRuns, transcripts: Transcripts) =>
  (input: CallModelInput): Promise<CallModelOutput> =>
    withHeartbeats(async (signal) => {
      const { store } = dependencies;
      await admitStep(dependencies, input);
      const run = await loadRun(dependencies, pinnedRuns, input);
      const { acknowledged } = await storeRideAlong(store, input);
      const slot = await awaitSlot(dependencies, input);
      // Tries that only asked for a slot have said nothing that a reader would have to drop.
      if (!slot?.isJustAdmitted) await announceRetry(dependencies, input);
      const reply = await askModel(dependencies, run, transcripts, input, signal);
      const result = await resultOf(dependencies, run, input, reply);
      return { acknowledged, result };
    });

const resultOf = (
  dependencies: StepDependencies,
  run: PinnedRun,
  input: CallModelInput,
  reply: Awaited<ReturnType<typeof askModel>>,
): Promise<ModelStepResult> | ModelStepResult => {
  if (!('type' in reply)) return keep(dependencies, run, input, reply);
  return reply.type === 'failed' ? reply : keepSummary(dependencies, input, reply);
};

async function keepSummary(
  { store }: StepDependencies,
  { run }: CallModelInput,
  { text, ...summary }: Summary,
): Promise<ModelStepResult> {
  const blob = makeBlob({ text });
  await putBlobs(store, run.tenant, [blob]);
  return { ...summary, summaryRef: blob.ref };
}

/** By a cancel: nobody promises anything of it. */
const isCut = ({ finishReason }: Reply): boolean => finishReason === 'cancelled';

/** Without the calls that are not heard. */
const heardParts = (parts: readonly AnswerPart[], calls: number): NonNullable<MessageContent['parts']> =>
  structuredClone(parts.filter((part) => part.type !== 'call' || part.call < calls)) as NonNullable<
    MessageContent['parts']
  >;

async function keep(
  dependencies: StepDependencies,
  run: PinnedRun,
  input: CallModelInput,
  reply: Reply,
): Promise<ModelStepResult> {
  const heard = reply.calls.slice(0, MAX_CALLS_HEARD);
  const content: MessageContent = {
    text: reply.text,
    calls: heard.map((call, index) => ({
      toolCallId: toolCallId(input.turn, index),
      providerCallId: call.providerCallId,
      tool: call.tool,
      argumentsText: call.argumentsText.slice(0, MAX_KEPT_ARGUMENTS),
    })),
    model: reply.model,
    ...(reply.parts && { parts: heardParts(reply.parts, heard.length) }),
  };
  const message = makeBlob(content as JsonValue);
  const turn = { requested: heard, facts: recordedFacts(input), revising: input.revising };
  const { calls, blobs } = await judgeCalls(dependencies, run, turn);
  const reached = checkBudget(run, input, turn.facts, reply.usage);
  const fault = calls.length === 0 && !isCut(reply) ? outputFault(run.definition, reply.text) : undefined;
  const faultBlob = fault === undefined ? undefined : makeBlob({ text: fault });
  await putBlobs(dependencies.store, input.run.tenant, [
    ...(faultBlob ? [faultBlob] : []),
    message,
    ...blobs,
    ...(reached?.blobs ?? []),
  ]);
  const [following] = run.definition.sequence ?? [];
  const next =
    following && calls.length === 0
      ? await keepTransfer(dependencies, run, following.agentDigest, deriveNext)
      : undefined;
  const contract = calls.length === 0 ? await checkContract(dependencies, run) : undefined;
  return {
    type: 'answered',
    messageRef: message.ref,
    finishReason: reply.finishReason,
    calls: [...calls],
    usage: reply.usage,
    model: reply.model,
    ...(next && { next }),
    ...(hidesWords(run.definition) && { hidden: true as const }),
    ...(reply.isFilling && { isFilling: true }),
    ...(reached && { limit: reached.limit }),
    ...(faultBlob && { outputFaultRef: faultBlob.ref }),
    ...(contract && { contract }),
  };
}
