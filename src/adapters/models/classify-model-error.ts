import { APICallError, InvalidResponseDataError } from '@ai-sdk/provider';
import { z } from 'zod';
import { ModelError } from './model-port.ts';

/**
 * What went wrong at the provider, in our words. Nothing of the provider's own text is kept, and no `cause`: bodies and
 * messages quote prompts, and headers hold keys.
 */
export function classifyModelError(error: unknown, phase: 'request' | 'stream'): ModelError {
  if (error instanceof ModelError) return error;
  if (APICallError.isInstance(error)) return fromCall(error, phase);
  // The one way in which the compatible provider says that a stream ended without its finish reason.
  if (phase === 'stream' && InvalidResponseDataError.isInstance(error) && error.data === undefined)
    return interrupted();
  const inBand = StreamFault.safeParse(error);
  if (phase === 'stream' && inBand.success) return fromStreamFault(inBand.data);
  if (isNetworkError(error)) return phase === 'stream' ? interrupted() : unreachable();
  return invalidResponse();
}

/** The stream ended before the model said that it was done. */
export const interrupted = (): ModelError =>
  new ModelError('stream_interrupted', 'The connection to the model provider was cut before its answer was complete.', {
    retryable: true,
  });

const unreachable = (): ModelError =>
  new ModelError('provider_unreachable', 'The model provider could not be reached.', { retryable: true });

const invalidResponse = (): ModelError =>
  new ModelError('invalid_response', 'The model provider sent an answer that is not in its documented form.', {
    retryable: true,
  });

/** What a provider sends inside a stream that began well; providers differ, so all of it is optional. */
const StreamFault = z
  .object({
    message: z.string().optional(),
    type: z.string().nullish(),
    code: z.union([z.string(), z.number()]).nullish(),
    statusCode: z.number().optional(),
    isRetryable: z.boolean().optional(),
  })
  .refine((fault) => fault.type != null || fault.code != null || fault.statusCode != null);

function fromCall(error: APICallError, phase: 'request' | 'stream'): ModelError {
  const text = `${error.message}\n${error.responseBody ?? ''}`;
  if (error.statusCode === undefined) return phase === 'stream' ? interrupted() : unreachable();
  // A good status with a bad body: the stream's own error, or no stream at all.
  if (error.statusCode < 300) {
    if (isNetworkError(error)) return interrupted();
    return error.isRetryable ? unavailable(undefined) : isTooLong(text) ? tooLong() : invalidResponse();
  }
  return fromStatus(error.statusCode, text, retryAfterMs(error.responseHeaders) ?? retryDelayMs(error.responseBody));
}

function fromStreamFault(fault: z.infer<typeof StreamFault>): ModelError {
  const text = `${fault.message ?? ''}\n${fault.type ?? ''}\n${fault.code ?? ''}`;
  const status = fault.statusCode ?? (typeof fault.code === 'number' ? fault.code : statusOfType(text));
  if (status !== undefined && status >= 400) return fromStatus(status, text, undefined);
  if (isTooLong(text)) return tooLong();
  return new ModelError('provider_error', 'The model provider reported an error while it was answering.', {
    retryable: fault.isRetryable ?? true,
  });
}

function statusOfType(text: string): number | undefined {
  if (/rate_limit|RESOURCE_EXHAUSTED/.test(text)) return 429;
  if (/overloaded|server_error|api_error|unavailable/.test(text)) return 503;
  if (/authentication_error|permission_error|invalid_api_key/.test(text)) return 401;
  if (/invalid_request/.test(text)) return 400;
  return undefined;
}

function fromStatus(status: number, text: string, retryAfter: number | undefined): ModelError {
  if (status === 429) {
    return /insufficient_quota|billing/.test(text)
      ? new ModelError('quota_exceeded', "The model provider's account has no quota left.", { retryable: false })
      : new ModelError('rate_limited', 'The model provider limits the rate of requests.', {
          retryable: true,
          retryAfterMs: retryAfter,
        });
  }
  if (status === 408 || status === 409 || status === 425 || status >= 500) return unavailable(retryAfter, status);
  // Gemini calls a wrong key a bad request.
  if (status === 401 || status === 403 || /API_KEY_INVALID|API key not valid/.test(text)) {
    return new ModelError('provider_auth', `The model provider refused our credentials (HTTP ${status}).`, {
      retryable: false,
    });
  }
  if (status === 413 || isTooLong(text)) return tooLong();
  if (status === 404) {
    return new ModelError('model_not_found', 'The model provider does not know this model or address (HTTP 404).', {
      retryable: false,
    });
  }
  return new ModelError('bad_request', `The model provider refused the request (HTTP ${status}).`, {
    retryable: false,
  });
}

const unavailable = (retryAfter: number | undefined, status?: number): ModelError =>
  new ModelError(
    'provider_unavailable',
    `The model provider is not available${status === undefined ? '' : ` (HTTP ${status})`}.`,
    { retryable: true, retryAfterMs: retryAfter },
  );

const tooLong = (): ModelError =>
  new ModelError('context_too_long', "The conversation no longer fits the model's context.", { retryable: false });

const isTooLong = (text: string): boolean =>
  /context_length_exceeded|context[ _](length|window|size)|maximum context|prompt is too long|input token count|input is too long|exceeds? the (available )?context/i.test(
    text,
  );

/** Gemini says in its body when to come back: `"retryDelay": "34s"`. */
function retryDelayMs(body: string | undefined): number | undefined {
  const seconds = /"retryDelay"\s*:\s*"(\d+(?:\.\d+)?)s"/.exec(body ?? '')?.[1];
  return seconds === undefined ? undefined : Math.min(Math.round(Number(seconds) * 1000), MAX_RETRY_AFTER_MS);
}

const MAX_RETRY_AFTER_MS = 3_600_000;

/** `retry-after-ms`, or `Retry-After` as seconds or a date; at most an hour. */
export function retryAfterMs(
  headers: Readonly<Record<string, string>> | undefined,
  nowMs: number = Date.now(),
): number | undefined {
  const bounded = (value: number): number | undefined =>
    Number.isFinite(value) ? Math.min(Math.max(0, Math.round(value)), MAX_RETRY_AFTER_MS) : undefined;
  const milliseconds = headers?.['retry-after-ms'];
  if (milliseconds !== undefined && /^\d+(\.\d+)?$/.test(milliseconds)) return bounded(Number(milliseconds));
  const value = headers?.['retry-after'];
  if (value === undefined) return undefined;
  return bounded(/^\d+(\.\d+)?$/.test(value) ? Number(value) * 1000 : Date.parse(value) - nowMs);
}

/** `fetch` says that the network failed by a TypeError, or by an error with a system code, somewhere in the causes. */
function isNetworkError(error: unknown): boolean {
  for (let at = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++) {
    if (at instanceof TypeError && /terminated|fetch failed|network/i.test(at.message)) return true;
    if ('code' in at && typeof at.code === 'string' && /^(E[A-Z]+|UND_ERR_)/.test(at.code)) return true;
  }
  return false;
}
