import type { LanguageModelV4, LanguageModelV4CallOptions, LanguageModelV4StreamPart } from '@ai-sdk/provider';
import { classifyModelError, interrupted } from './classify-model-error.ts';
import { ModelError, ModelParameters } from './model-port.ts';
import type { ModelIo, ModelPort, ModelReply, ModelRequest, RequestedCall } from './model-port.ts';
import type { Usage } from '../../domain/schemas/run.ts';
import { openParts } from './read-parts.ts';
import { toPrompt, toTools } from './to-prompt.ts';

export interface ProviderModelOptions {
  /** Options for every call, by provider name; the agent's own win. */
  readonly providerOptions?: NonNullable<LanguageModelV4CallOptions['providerOptions']>;
  /** Sent with each tool where set: some APIs are strict unless told otherwise. */
  readonly strictTools?: boolean;
}

/** More than any model writes in a turn: a server that never stops is cut off. In UTF-16 units. */
const MAX_REPLY_LENGTH = 8 * 1024 * 1024;

/**
 * A provider of the AI SDK as a model port. Its language model is called directly, not through `streamText`: that parses
 * tool arguments (the last of two equal keys wins, numbers are rounded) before we could refuse them, and retries.
 */
export function providerModel(
  languageModel: (modelId: string) => LanguageModelV4,
  options: ProviderModelOptions = {},
): ModelPort {
  return {
    async generate(request, io) {
      const callOptions = toCallOptions(request, io, options);
      let stream: ReadableStream<LanguageModelV4StreamPart>;
      try {
        ({ stream } = await languageModel(request.model).doStream(callOptions));
      } catch (error) {
        throw io.signal.aborted ? io.signal.reason : classifyModelError(error, 'request');
      }
      try {
        return await readReply(stream, io);
      } catch (error) {
        throw io.signal.aborted ? io.signal.reason : classifyModelError(error, 'stream');
      }
    },
  };
}

function toCallOptions(request: ModelRequest, io: ModelIo, options: ProviderModelOptions): LanguageModelV4CallOptions {
  const parsed = ModelParameters.safeParse(request.parameters);
  if (!parsed.success) {
    const fields = parsed.error.issues.map((issue) => issue.path.join('.') || 'parameters').join(', ');
    throw new ModelError('invalid_parameters', `The agent's model parameters are not valid: ${fields}.`, {
      retryable: false,
    });
  }
  const { toolChoice, providerOptions, ...settings } = withoutUndefined(parsed.data);
  const merged: Record<string, NonNullable<LanguageModelV4CallOptions['providerOptions']>[string]> = {
    ...options.providerOptions,
  };
  for (const [provider, values] of Object.entries(providerOptions ?? {})) {
    merged[provider] = { ...merged[provider], ...values };
  }
  return {
    ...settings,
    prompt: toPrompt(request),
    ...(request.output && { responseFormat: { type: 'json', name: 'output', schema: request.output } }),
    ...(request.tools.length === 0 ? {} : { tools: toTools(request.tools, options.strictTools) }),
    ...(request.tools.length === 0 || toolChoice === undefined ? {} : { toolChoice: { type: toolChoice } }),
    providerOptions: merged,
    abortSignal: io.signal,
  };
}

type Finish = Extract<LanguageModelV4StreamPart, { type: 'finish' }>;

async function readReply(stream: ReadableStream<LanguageModelV4StreamPart>, io: ModelIo): Promise<ModelReply> {
  const texts: string[] = [];
  const calls: RequestedCall[] = [];
  const parts = openParts();
  let length = 0;
  const grow = (by: number): void => {
    length += by;
    if (length > MAX_REPLY_LENGTH) {
      throw new ModelError('response_too_large', 'The model provider sent more than one turn may hold.', {
        retryable: false,
      });
    }
  };
  let finish: Finish | undefined;
  // Leaving the loop early cancels the stream, and with it the request.
  for await (const part of stream) {
    io.signal.throwIfAborted();
    grow(parts.take(part));
    switch (part.type) {
      case 'text-delta':
        if (part.delta === '') break;
        grow(part.delta.length);
        texts.push(part.delta);
        io.onText(part.delta);
        break;
      case 'reasoning-delta':
        grow(part.delta.length);
        if (part.delta !== '') io.onReasoning?.(part.delta);
        break;
      case 'tool-input-delta':
        grow(part.delta.length);
        break;
      case 'tool-call':
        if (part.providerExecuted) break;
        calls.push({ providerCallId: part.toolCallId, tool: part.toolName, argumentsText: part.input });
        break;
      case 'error':
        throw classifyModelError(part.error, 'stream');
      case 'finish':
        finish = part;
        break;
      default:
        break;
    }
  }
  io.signal.throwIfAborted();
  if (finish === undefined || finish.finishReason.unified === 'interrupted') throw interrupted();
  if (finish.finishReason.unified === 'error') {
    const usage = usageOf(finish.usage);
    throw new ModelError('provider_error', 'The model provider ended its answer with an error.', {
      retryable: true,
      usage,
    });
  }
  const all = parts.parts();
  return {
    text: texts.join(''),
    calls,
    ...(all && { parts: all }),
    usage: usageOf(finish.usage),
    finishReason: finish.finishReason.unified,
  };
}

const usageOf = ({ inputTokens, outputTokens }: Finish['usage']): Usage => {
  const more = {
    cachedInputTokens: countOf(inputTokens.cacheRead),
    cacheWriteTokens: countOf(inputTokens.cacheWrite),
    reasoningTokens: countOf(outputTokens.reasoning),
  };
  const counted = Object.fromEntries(Object.entries(more).filter(([, count]) => count > 0));
  return { inputTokens: countOf(inputTokens.total), outputTokens: countOf(outputTokens.total), ...counted };
};

/** Servers leave counts out, or send what is no count. */
const countOf = (value: number | undefined): number =>
  value !== undefined && Number.isSafeInteger(value) && value > 0 ? value : 0;

type WithoutUndefined<T> = { [K in keyof T]: Exclude<T[K], undefined> };
const withoutUndefined = <T extends object>(value: T): WithoutUndefined<T> =>
  Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined)) as WithoutUndefined<T>;
