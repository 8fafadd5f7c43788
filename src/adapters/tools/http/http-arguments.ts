/** The arguments of an HTTP request, refused before anybody is asked for what could not be sent. */
import { z } from 'zod';
import type { HttpMethod, HttpSettings } from './http-options.ts';
import { isSafe } from './http-options.ts';

const MAX_URL_LENGTH = 2_048;
const MAX_HEADER_LENGTH = 1_000;

/** Undefined where the URL is written as it will be requested: what a person is shown is what is asked. */
function urlFault(text: string, origins: readonly string[]): string | undefined {
  const url = URL.parse(text);
  if (!url) return 'is not a URL';
  if (url.username !== '' || url.password !== '') return 'must not hold a user or password';
  if (!origins.includes(url.origin)) return `must start with one of: ${origins.join(', ')}`;
  if (url.hash !== '' || text.includes('#')) return 'must not have a fragment';
  if (url.href !== text && url.href !== `${text}/`) return `must be written as ${url.href}`;
  return undefined;
}

export const httpArguments = ({ origins, methods, headers, maxRequestBytes }: HttpSettings) => {
  const url = z
    .string()
    .max(MAX_URL_LENGTH)
    .superRefine((text, context) => {
      const fault = urlFault(text, origins);
      if (fault !== undefined) context.addIssue({ code: 'custom', message: fault });
    })
    .describe(`Starts with one of: ${origins.join(', ')}`);
  const value = z
    .string()
    .max(MAX_HEADER_LENGTH)
    .regex(/^[\t\u0020-\u007e]*$/, 'must be one line of ASCII');
  const allowed = z.strictObject(Object.fromEntries(headers.map((name) => [name, value.optional()])));
  const [first = 'GET', ...others] = methods;
  return z
    .strictObject({
      url,
      method: z.enum([first, ...others] as [HttpMethod, ...HttpMethod[]]).default(first),
      headers: allowed.default({}),
      ...(!methods.every(isSafe) && { body: bodyOf(maxRequestBytes).optional() }),
    })
    .superRefine((request, context) => {
      if (isSafe(request.method) && (request as { body?: string }).body !== undefined)
        context.addIssue({ code: 'custom', path: ['body'], message: `${request.method} has no body` });
    });
};

const bodyOf = (maxBytes: number) =>
  z
    .string()
    .max(maxBytes)
    .refine((text) => Buffer.byteLength(text, 'utf8') <= maxBytes, `is larger than ${maxBytes} bytes`)
    .describe('Text, sent as UTF-8');

export interface HttpRequest {
  readonly url: string;
  readonly method: HttpMethod;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}
