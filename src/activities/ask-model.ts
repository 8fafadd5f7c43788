/** Asks the model that it is the turn of. What a provider answers is a value, a refusal as well as a reply. */
import { ModelError } from '../adapters/models/model-port.ts';
import type { ModelReply } from '../adapters/models/model-port.ts';
import { factsOf, priceUsage } from '../domain/prices.ts';
import { hidesWords } from '../domain/hidden-words.ts';
import type { RunLimits } from '../domain/schemas/agent.ts';
import type { Usage } from '../domain/schemas/run.ts';
import type { CallModelInput, ModelStepResult } from '../domain/schemas/step.ts';
import { attemptOf } from './announce-retry.ts';
import { askedModel } from './asked-model.ts';
import { compactableThrough, isFilling, summarise } from './compact-context.ts';
import { openDeltas } from './deltas.ts';
import type { Deltas } from './deltas.ts';
import type { StepDependencies } from './dependencies.ts';
import { instructionsFor } from './describe-actions.ts';
import { isCancelRequested, isTakenAway, takenAway } from './heartbeats.ts';
import type { PinnedRun } from './pinned-run.ts';
import type { Transcripts } from './transcript.ts';
import { asSaidBy } from './transcript-messages.ts';

/** What was thought and said before the cut. */
const unfinished = (deltas: Deltas): Pick<ModelReply, 'text' | 'parts'> => {
  const [text, reasoning] = [deltas.soFar('text'), deltas.soFar('reasoning')];
  if (reasoning === '') return { text };
  return {
    text,
    parts: [{ type: 'reasoning', text: reasoning }, ...(text === '' ? [] : [{ type: 'text', text } as const])],
  };
};

type Failed = Extract<ModelStepResult, { type: 'failed' }>;

/** `model`: who said it, as `provider/model`. */
export type Reply = ModelReply & { readonly model: string; readonly isFilling: boolean };

export interface Summary {
  readonly type: 'compacted';
  readonly text: string;
  readonly throughTurn: number;
  readonly usage: Usage;
  readonly model: string;
}

const priced = ({ prices }: StepDependencies, model: string, usage: Usage): Usage =>
  prices ? priceUsage(prices, model, usage) : usage;

const contextTokensOf = (
  { prices }: StepDependencies,
  { limits }: PinnedRun['definition'],
  model: string,
): number | undefined => limits.contextTokens ?? (prices && factsOf(prices, model)?.contextTokens);

/** The port's name of a model: without the provider. */
const nameOf = (model: string): string => model.slice(model.indexOf('/') + 1);

const timedOut = ({ modelStepTimeoutMs }: RunLimits): ModelError =>
  new ModelError('model_step_timeout', `The model did not answer within ${modelStepTimeoutMs} ms.`, {
    retryable: true,
  });

export async function askModel(
  dependencies: StepDependencies,
  run: PinnedRun,
  transcripts: Transcripts,
  input: CallModelInput,
  stopped: AbortSignal,
): Promise<Reply | Summary | Failed> {
  const { definition } = run;
  const asked = askedModel(definition, input);
  const { model } = asked;
  const failed = (failure: Omit<Failed, 'type'>): Failed => ({ type: 'failed', ...failure, ...asked });
  const port = dependencies.resolveModel(model);
  if (!port) {
    const message = `No provider is configured for the model ${model}.`;
    return failed({ code: 'model_not_configured', message, retryable: false });
  }
  const { tenant, project, runId } = input.run;
  const messages = await transcripts.read({ tenant, project }, runId);
  const throughTurn = compactableThrough(messages);
  const deltas = openDeltas(dependencies, input, attemptOf(input), hidesWords(definition));
  const limit = AbortSignal.timeout(definition.limits.modelStepTimeoutMs);
  const signal = AbortSignal.any([stopped, limit]);
  try {
    if (input.compact && throughTurn !== undefined) {
      const summary = await summarise(port, { model: nameOf(model), messages, throughTurn }, signal);
      const usage = priced(dependencies, model, summary.usage);
      return { type: 'compacted', text: summary.text, throughTurn, usage, model };
    }
    const request = {
      model: nameOf(model),
      parameters: definition.parameters,
      instructions: instructionsFor(run),
      messages: messages.map((message) => asSaidBy(model, message)),
      tools: definition.tools,
      ...(definition.output && { output: definition.output }),
    };
    const reply = await port.generate(request, {
      signal,
      onText: (text) => deltas.add('text', text),
      onReasoning: (text) => deltas.add('reasoning', text),
    });
    const fills = isFilling(definition.limits, contextTokensOf(dependencies, definition, model), reply.usage);
    return { ...reply, usage: priced(dependencies, model, reply.usage), model, isFilling: fills };
  } catch (caught) {
    const error = limit.aborted && !stopped.aborted ? timedOut(definition.limits) : caught;
    // A worker that stops has been told nothing by the model.
    if (isTakenAway()) throw takenAway();
    // What was said before the cut stays, as an unfinished message.
    if (stopped.aborted && isCancelRequested()) {
      const usage = { inputTokens: 0, outputTokens: 0 };
      return { ...unfinished(deltas), calls: [], usage, finishReason: 'cancelled', model, isFilling: false };
    }
    if (!(error instanceof ModelError)) throw error;
    const { code, message, retryable, retryAfterMs } = error;
    const usage = error.usage && priced(dependencies, model, error.usage);
    const mayCompact = code === 'context_too_long' && !input.compact && throughTurn !== undefined;
    return failed({
      code,
      message,
      retryable,
      ...(retryAfterMs !== undefined && { retryAfterMs }),
      ...(usage && { usage }),
      ...(mayCompact && { mayCompact }),
    });
  } finally {
    await deltas.close();
  }
}
