/** One model call as one recoverable step: stores what led here, asks, judges the answer, keeps its content. */
import { ModelError } from '../adapters/models/model-port.ts';
import type { ModelReply } from '../adapters/models/model-port.ts';
import type { JsonValue } from '../domain/arguments/json-value.ts';
import { toolCallId } from '../domain/core/ids.ts';
import type { CallModelInput, CallModelOutput, ModelStepResult } from '../domain/schemas/step.ts';
import { priceUsage } from '../domain/prices.ts';
import type { Usage } from '../domain/schemas/run.ts';
import { makeBlob, putBlobs } from '../store/blobs.ts';
import { checkContract } from './check-contract.ts';
import type { MessageContent, RecordedFacts } from '../domain/schemas/content.ts';
import { openDeltas } from './deltas.ts';
import type { Deltas } from './deltas.ts';
import type { StepDependencies } from './dependencies.ts';
import { admitStep } from './admit.ts';
import { announceRetry, attemptOf } from './announce-retry.ts';
import { instructionsFor } from './describe-actions.ts';
import { isCancelRequested, withHeartbeats } from './heartbeats.ts';
import { MAX_CALLS_HEARD, judgeCalls } from './judge-calls.ts';
import type { PinnedRun, PinnedRuns } from './pinned-run.ts';
import { reportingForgeries } from './report-refusal.ts';
import { storeRideAlong } from './ride-along.ts';
import { awaitSlot } from './slot.ts';
import type { Transcripts } from './transcript.ts';
import { asSaidBy } from './transcript-messages.ts';

/** Longer arguments are beyond what the strict parser reads; the model sees a cut text and an error. */
const MAX_KEPT_ARGUMENTS = 1_048_576 + 1_024;

const recordedFacts = ({ turn, facts }: CallModelInput): RecordedFacts => ({
  turn,
  startedAt: new Date(facts.startedAt).toISOString(),
  usage: {
    inputTokens: facts.usage.inputTokens,
    outputTokens: facts.usage.outputTokens,
    turns: turn - 1,
    toolCalls: facts.toolCalls,
  },
});

export const callModel =
  (dependencies: StepDependencies, pinnedRuns: PinnedRuns, transcripts: Transcripts) =>
  (input: CallModelInput): Promise<CallModelOutput> =>
    withHeartbeats(async (signal) => {
      const { store } = dependencies;
      await admitStep(dependencies, input);
      const run = await reportingForgeries(dependencies, input, pinnedRuns.load(input.run));
      const { acknowledged } = await storeRideAlong(store, input);
      const slot = await awaitSlot(dependencies, input);
      // Tries that only asked for a slot have said nothing that a reader would have to drop.
      if (!slot?.isJustAdmitted) await announceRetry(dependencies, input);
      const reply = await ask(dependencies, run, transcripts, input, signal);
      const result = 'code' in reply ? reply : await keep(dependencies, run, input, reply);
      return { acknowledged, result };
    });

/** What was thought and said before the cut. It lacks its signatures, so no provider gets the thoughts back. */
const unfinished = (deltas: Deltas): Pick<ModelReply, 'text' | 'parts'> => {
  const [text, reasoning] = [deltas.soFar('text'), deltas.soFar('reasoning')];
  if (reasoning === '') return { text };
  return {
    text,
    parts: [{ type: 'reasoning', text: reasoning }, ...(text === '' ? [] : [{ type: 'text', text } as const])],
  };
};

type Failed = Extract<ModelStepResult, { type: 'failed' }>;

const priced = ({ prices }: StepDependencies, model: string, usage: Usage): Usage =>
  prices ? priceUsage(prices, model, usage) : usage;

async function ask(
  dependencies: StepDependencies,
  run: PinnedRun,
  transcripts: Transcripts,
  input: CallModelInput,
  signal: AbortSignal,
): Promise<ModelReply | Failed> {
  const { definition } = run;
  const model = dependencies.resolveModel(definition.model);
  const failed = (code: string, message: string): Failed => ({ type: 'failed', code, message, retryable: false });
  if (!model) return failed('model_not_configured', `No provider is configured for the model ${definition.model}.`);
  const { tenant, project, runId } = input.run;
  const messages = await transcripts.read({ tenant, project }, runId);
  const deltas = openDeltas(dependencies, input, attemptOf(input));
  try {
    const request = {
      model: definition.model.slice(definition.model.indexOf('/') + 1),
      parameters: definition.parameters,
      instructions: instructionsFor(run),
      messages: messages.map((message) => asSaidBy(definition.model, message)),
      tools: definition.tools,
    };
    return await model.generate(request, {
      signal,
      onText: (text) => deltas.add('text', text),
      onReasoning: (text) => deltas.add('reasoning', text),
    });
  } catch (error) {
    // What was said before the cut stays, as an unfinished message.
    if (signal.aborted && isCancelRequested()) {
      const usage = { inputTokens: 0, outputTokens: 0 };
      return { ...unfinished(deltas), calls: [], usage, finishReason: 'cancelled' };
    }
    if (!(error instanceof ModelError)) throw error;
    const { code, message, retryable, retryAfterMs } = error;
    const usage = error.usage && priced(dependencies, definition.model, error.usage);
    return {
      type: 'failed',
      code,
      message,
      retryable,
      ...(retryAfterMs !== undefined && { retryAfterMs }),
      ...(usage && { usage, model: definition.model }),
    };
  } finally {
    await deltas.close();
  }
}

async function keep(
  dependencies: StepDependencies,
  run: PinnedRun,
  input: CallModelInput,
  reply: ModelReply,
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
    model: run.definition.model,
    ...(reply.parts && { parts: structuredClone(reply.parts) as NonNullable<MessageContent['parts']> }),
  };
  const message = makeBlob(content as JsonValue);
  const turn = { requested: heard, facts: recordedFacts(input), revising: input.revising };
  const { calls, blobs } = await judgeCalls(dependencies, run, turn);
  await putBlobs(dependencies.store, input.run.tenant, [message, ...blobs]);
  const contract = calls.length === 0 ? await checkContract(dependencies, run) : undefined;
  return {
    type: 'answered',
    messageRef: message.ref,
    finishReason: reply.finishReason,
    calls: [...calls],
    usage: priced(dependencies, run.definition.model, reply.usage),
    model: run.definition.model,
    ...(contract && { contract }),
  };
}
