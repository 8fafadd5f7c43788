/** What a model is to us: one turn, streamed. The provider's own libraries stay behind this. */
import { z } from 'zod';
import type { Usage } from '../../domain/schemas/run.ts';

/** A call as the model asked for it. `argumentsText` is exactly what it wrote: nothing has parsed it yet. */
export interface RequestedCall {
  readonly providerCallId: string;
  readonly tool: string;
  readonly argumentsText: string;
}

/** The conversation so far, in order. Each call is answered by one `tool` message before the next turn. */
export type TranscriptMessage =
  | { readonly role: 'user'; readonly text: string }
  | {
      readonly role: 'assistant';
      readonly text: string;
      readonly calls: readonly (RequestedCall & { readonly toolCallId: string })[];
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
}

export interface ModelReply {
  readonly text: string;
  readonly calls: readonly RequestedCall[];
  readonly usage: Usage;
  /** `stop`, `tool-calls`, `length`, `content-filter` or `other`. */
  readonly finishReason: string;
}

export interface ModelIo {
  readonly signal: AbortSignal;
  /** Called with each piece of text, in order; together they are the reply's text. */
  onText(delta: string): void;
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
  | 'stream_interrupted';

/** A turn that failed. The message is one of ours: it holds no content, no key and nothing the provider said. */
export class ModelError extends Error {
  override readonly name = 'ModelError';
  readonly code: ModelErrorCode;
  readonly retryable: boolean;
  readonly retryAfterMs?: number;

  constructor(
    code: ModelErrorCode,
    message: string,
    options: { readonly retryable: boolean; readonly retryAfterMs?: number | undefined },
  ) {
    super(message);
    this.code = code;
    this.retryable = options.retryable;
    if (options.retryAfterMs !== undefined) this.retryAfterMs = options.retryAfterMs;
  }
}
