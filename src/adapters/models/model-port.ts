/** What a model is to us: one turn, streamed. The provider's own libraries stay behind this. */
import { z } from 'zod';
import type { JsonValue } from '../../domain/arguments/json-value.ts';
import type { Usage } from '../../domain/schemas/run.ts';

/** A call as the model asked for it. `argumentsText` is exactly what it wrote: nothing has parsed it yet. */
export interface RequestedCall {
  readonly providerCallId: string;
  readonly tool: string;
  readonly argumentsText: string;
}

/**
 * What a provider hands out with a part of an answer and wants back with it: signatures of thoughts, ids of items, sealed
 * reasoning. By provider name; nobody else reads it.
 */
export type PartMetadata = { readonly [provider: string]: { readonly [key: string]: JsonValue } };

/** One piece of an answer, in the order of the answer. `call` is a place among its calls. */
export type AnswerPart =
  | { readonly type: 'text' | 'reasoning'; readonly text: string; readonly metadata?: PartMetadata | undefined }
  | { readonly type: 'call'; readonly call: number; readonly metadata?: PartMetadata | undefined };

/** The conversation so far, in order. Each call is answered by one `tool` message before the next turn. */
export type TranscriptMessage =
  | { readonly role: 'user'; readonly text: string }
  | {
      readonly role: 'assistant';
      readonly text: string;
      readonly calls: readonly (RequestedCall & { readonly toolCallId: string })[];
      /** The answer as the same model gave it. Absent where another one is asked now, or there is nothing to add. */
      readonly parts?: readonly AnswerPart[];
      /** Of the run. */
      readonly turn?: number;
      /** `provider/model` that said it, where that matters. */
      readonly model?: string | undefined;
    }
  | {
      readonly role: 'tool';
      readonly toolCallId: string;
      readonly providerCallId: string;
      readonly tool: string;
      readonly text: string;
      readonly isError: boolean;
    };

/** A tool as the model sees it. */
export interface OfferedTool {
  readonly name: string;
  readonly description: string;
  readonly inputSchema: { readonly [key: string]: unknown };
}

/** How an agent may tune its model. `providerOptions` are handed to the provider as they are, by provider name. */
export const ModelParameters = z.strictObject({
  temperature: z.number().optional(),
  topP: z.number().optional(),
  topK: z.number().optional(),
  maxOutputTokens: z.number().int().positive().optional(),
  seed: z.number().int().optional(),
  stopSequences: z.array(z.string()).optional(),
  presencePenalty: z.number().optional(),
  frequencyPenalty: z.number().optional(),
  reasoning: z.enum(['provider-default', 'none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max']).optional(),
  toolChoice: z.enum(['auto', 'none', 'required']).optional(),
  providerOptions: z.record(z.string(), z.record(z.string(), z.json())).optional(),
});
export type ModelParameters = z.infer<typeof ModelParameters>;

export interface ModelRequest {
  /** Without the provider's prefix. */
  readonly model: string;
  /** In the form of {@link ModelParameters}. */
  readonly parameters: { readonly [key: string]: unknown };
  readonly instructions: string;
  readonly messages: readonly TranscriptMessage[];
  readonly tools: readonly OfferedTool[];
  /** JSON Schema that an answer without calls must fit. What comes back is checked: a hint is all that this is. */
  readonly output?: { readonly [key: string]: unknown };
}

export interface ModelReply {
  readonly text: string;
  readonly calls: readonly RequestedCall[];
  /** Only where there is more than text and calls: reasoning, or what the provider wants back. */
  readonly parts?: readonly AnswerPart[];
  readonly usage: Usage;
  /** `stop`, `tool-calls`, `length`, `content-filter` or `other`. */
  readonly finishReason: string;
}

export interface ModelIo {
  readonly signal: AbortSignal;
  /** Called with each piece of text, in order; together they are the reply's text. */
  onText(delta: string): void;
  /** The same for what the model thinks before it answers, where its provider shows it. */
  onReasoning?(delta: string): void;
}

export interface ModelPort {
  /** One turn, tried once. Throws a {@link ModelError}, or the signal's reason where the caller aborted. */
  generate(request: ModelRequest, io: ModelIo): Promise<ModelReply>;
}

export type ModelErrorCode =
  | 'rate_limited'
  | 'quota_exceeded'
  | 'provider_unavailable'
  | 'provider_unreachable'
  | 'provider_auth'
  | 'provider_error'
  | 'model_not_found'
  | 'bad_request'
  | 'context_too_long'
  | 'invalid_parameters'
  | 'invalid_response'
  | 'response_too_large'
  | 'stream_interrupted'
  | 'model_step_timeout';

/** A turn that failed. The message is one of ours: it holds no content, no key and nothing the provider said. */
export class ModelError extends Error {
  override readonly name = 'ModelError';
  readonly code: ModelErrorCode;
  readonly retryable: boolean;
  readonly retryAfterMs?: number;
  /** What the provider counted before it failed. */
  readonly usage?: Usage;

  constructor(
    code: ModelErrorCode,
    message: string,
    options: {
      readonly retryable: boolean;
      readonly retryAfterMs?: number | undefined;
      readonly usage?: Usage | undefined;
    },
  ) {
    super(message);
    this.code = code;
    this.retryable = options.retryable;
    if (options.retryAfterMs !== undefined) this.retryAfterMs = options.retryAfterMs;
    if (options.usage !== undefined) this.usage = options.usage;
  }
}
