/** Sends HTTP requests to the origins on its list, and nowhere else. */
import type { JsonValue } from '../../../domain/arguments/json-value.ts';
import { isPrivateAddressError } from '../../../platform/outgoing/guarded-fetch.ts';
import { OutcomeUnknownError } from '../outcome-unknown.ts';
import { ToolError, defineTool } from '../tool.ts';
import type { Tool, ToolContext } from '../tool.ts';
import type { HttpRequest } from './http-arguments.ts';
import { httpArguments } from './http-arguments.ts';
import type { HttpRequestToolOptions, HttpSettings } from './http-options.ts';
import { effectOf, httpSettings, isSafe } from './http-options.ts';
import { readResponse } from './read-response.ts';

const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/** Nothing was sent: the name is unknown, nobody listens, or the certificate is not theirs. */
const UNSENT = new Set(['ENOTFOUND', 'EAI_AGAIN', 'ECONNREFUSED', 'UND_ERR_CONNECT_TIMEOUT', 'EHOSTUNREACH']);

const codesOf = (error: unknown): readonly unknown[] =>
  error instanceof Error ? ['code' in error ? error.code : undefined, ...codesOf(error.cause)] : [];

/** A request may have taken effect where it was sent and the answer was lost. */
function failureOf(error: unknown, { signal }: ToolContext): Error {
  if (signal.aborted) return signal.reason instanceof Error ? signal.reason : new Error('The request was stopped.');
  if (isPrivateAddressError(error))
    return new ToolError('private_address', 'The address is in a private network. Nothing was sent.');
  if (codesOf(error).some((code) => typeof code === 'string' && (UNSENT.has(code) || code.startsWith('CERT_'))))
    return new ToolError('unreachable', 'The server could not be reached. Nothing was sent.');
  return new OutcomeUnknownError('connection_lost', 'The connection was lost before the answer was there.');
}

/** Where a redirect leads: only readers follow one, and only within the list. */
function nextOf(response: Response, url: string, { origins }: HttpSettings): string | undefined {
  const location = response.headers.get('location');
  if (!REDIRECTS.has(response.status) || location === null) return undefined;
  const next = URL.parse(location, url);
  if (!next || !origins.includes(next.origin) || next.username !== '' || next.password !== '')
    throw new ToolError('redirect_refused', 'The server redirects to where this tool may not go.');
  return next.href;
}

async function send(settings: HttpSettings, request: HttpRequest, context: ToolContext): Promise<JsonValue> {
  const { fetch, signal, effectKey, credential } = context;
  const { method, body } = request;
  const headers = {
    ...request.headers,
    ...settings.fixedHeaders,
    ...(!isSafe(method) && { 'idempotency-key': effectKey }),
  };
  const secret = credential && { [settings.credentialHeader]: `${settings.credentialPrefix}${credential}` };
  const home = new URL(request.url).origin;
  for (let url = request.url, redirects = 0; ; redirects++) {
    // The secret is for whom the request was meant, not for whom that one sends us to.
    const sent = new URL(url).origin === home ? { ...headers, ...secret } : headers;
    const init = { method, headers: sent, signal, redirect: 'manual' as const, ...(body !== undefined && { body }) };
    const response = await fetch(url, init);
    const next = isSafe(method) ? nextOf(response, url, settings) : undefined;
    if (next === undefined) return { url, ...((await readResponse(response, settings.maxResponseBytes)) as object) };
    await response.body?.cancel();
    if (redirects === settings.maxRedirects)
      throw new ToolError('too_many_redirects', 'The server redirects on and on.');
    url = next;
  }
}

export const httpRequestTool = (options: HttpRequestToolOptions): Tool => {
  const settings = httpSettings(options);
  const { name, methods, origins, timeoutMs, maxResponseBytes } = settings;
  const isReader = methods.every(isSafe);
  return defineTool({
    name,
    description:
      settings.description ??
      `Sends an HTTP request (${methods.join(', ')}) to ${origins.join(', ')}. Gives status, headers and at most ` +
        `${maxResponseBytes} bytes of the body; a status of 400 or more is an answer, too.`,
    input: httpArguments(settings),
    effect: effectOf(settings),
    timeoutMs,
    annotations: { readOnlyHint: isReader, openWorldHint: true },
    ...(options.policy && { policy: options.policy }),
    ...(settings.credential !== undefined && { credential: settings.credential }),
    async execute(request, context) {
      try {
        return await send(settings, request as HttpRequest, context);
      } catch (error) {
        throw error instanceof ToolError ? error : failureOf(error, context);
      }
    },
  });
};
