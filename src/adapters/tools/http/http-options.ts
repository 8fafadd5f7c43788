/** What an HTTP request tool may do, checked when it is defined. */
import { z } from 'zod';
import { ToolEffect } from '../../../domain/schemas/agent.ts';
import { CredentialRef, ToolName } from '../../../domain/schemas/names.ts';
import { DefinitionError } from '../definition-error.ts';
import type { ToolRule } from '../tool.ts';

export const HTTP_METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;
export type HttpMethod = (typeof HTTP_METHODS)[number];
const SAFE: readonly HttpMethod[] = ['GET', 'HEAD'];

export const isSafe = (method: HttpMethod): boolean => SAFE.includes(method);

/** These say who asks, where, or how the bytes are laid out: no model chooses them. */
const RESERVED_HEADERS = new Set([
  ...['authorization', 'proxy-authorization', 'cookie', 'host', 'connection', 'content-length', 'expect'],
  ...['transfer-encoding', 'upgrade', 'te', 'trailer', 'keep-alive', 'idempotency-key'],
]);

const headerName = z
  .string()
  .regex(/^[a-z0-9-]{1,100}$/, 'must be the name of a header, in lower case')
  .refine((name) => !RESERVED_HEADERS.has(name), 'is not for the model to choose');

const MIB = 1024 * 1024;

/** What an author may say of it, also in a file. */
export const HttpToolSettings = z.strictObject({
  name: ToolName.default('http_request'),
  description: z.string().min(1).max(4_000).optional(),
  origins: z
    .array(
      z.string().refine((text) => URL.parse(text)?.origin === text, 'must be an origin such as https://api.example'),
    )
    .min(1)
    .max(100),
  methods: z
    .array(z.enum(HTTP_METHODS))
    .min(1)
    .default([...SAFE]),
  effect: ToolEffect.optional(),
  headers: z
    .array(headerName)
    .max(50)
    .default(['accept', 'accept-language', 'content-type', 'if-match', 'if-none-match']),
  fixedHeaders: z.record(z.string().regex(/^[A-Za-z0-9-]{1,100}$/), z.string().max(4_000)).default({}),
  credential: CredentialRef.optional(),
  credentialHeader: z
    .string()
    .regex(/^[A-Za-z0-9-]{1,100}$/)
    .default('authorization'),
  credentialPrefix: z.string().max(100).default('Bearer '),
  maxRequestBytes: z.number().int().min(1).max(MIB).default(65_536),
  maxResponseBytes: z
    .number()
    .int()
    .min(1)
    .max(MIB / 2)
    .default(262_144),
  timeoutMs: z.number().int().min(1_000).max(3_600_000).default(60_000),
  maxRedirects: z.number().int().min(0).max(10).default(3),
});
export type HttpSettings = z.output<typeof HttpToolSettings>;

export interface HttpRequestToolOptions extends z.input<typeof HttpToolSettings> {
  readonly policy?: readonly ToolRule[];
}

/** With defaults filled in. Throws a {@link DefinitionError}. */
export function httpSettings({ policy: _, ...options }: HttpRequestToolOptions): HttpSettings {
  const parsed = HttpToolSettings.safeParse(options);
  if (parsed.success) return parsed.data;
  const name = options.name ?? 'http_request';
  throw new DefinitionError(
    parsed.error.issues.map((issue) => `tools.${name}.${issue.path.join('.')}: ${issue.message}`),
  );
}

/** Reading only, unless a method may change something: then at most once, unless the author knows better. */
export const effectOf = ({ methods, effect }: HttpSettings): ToolEffect =>
  effect ?? (methods.every(isSafe) ? 'none' : 'once');
