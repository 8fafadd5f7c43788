// What the values of variables have to look like.
import { isIP } from 'node:net';
import { isAbsolute } from 'node:path';
import { z } from 'zod';
import { DEFAULT_RATES, isRate } from '../rates.ts';
import type { Rates } from '../rates.ts';

export const absolutePath = z.string().refine(isAbsolute, 'must be an absolute path');
export const port = z
  .string()
  .regex(/^\d{1,5}$/, 'must be a port number')
  .transform(Number)
  .pipe(z.number().min(1, 'must be a port number').max(65_535, 'must be a port number'));
export const positiveCount = z
  .string()
  .regex(/^[1-9]\d{0,5}$/, 'must be a number from 1 to 999999')
  .transform(Number);
export const httpUrl = z.url({ protocol: /^https?$/, error: 'must be an http:// or https:// URL' });
export const postgresUrl = z.url({ protocol: /^postgres(ql)?$/, error: 'must be a postgres:// URL' });
const LOOPBACK_HOSTS = ['127.0.0.1', 'localhost', '[::1]'];
/** Nothing that is sent over a network goes unencrypted. */
const isSinkUrl = (text: string): boolean => {
  const url = URL.parse(text);
  if (url?.protocol === 'file:') return url.host === '' && url.pathname.length > 1;
  return url?.protocol === 'https:' || (url?.protocol === 'http:' && LOOPBACK_HOSTS.includes(url.hostname));
};
export const sinkUrls = z
  .string()
  .transform((text) => text.split(',').map((url) => url.trim()))
  .refine((urls) => urls.every(isSinkUrl), 'must be file:/path or https:// URLs, separated by commas');
export const credentialsUrl = z.string().refine(isSinkUrl, 'must be file:/path or an https:// URL');
const listOf = (isMember: (text: string) => boolean, error: string) =>
  z
    .string()
    .transform((text) => text.split(',').map((part) => part.trim()))
    .refine((parts) => parts.every(isMember), error);
export const origins = listOf(isOrigin, 'must be origins such as https://app.example, separated by commas');
export const addressRanges = listOf(isAddressRange, 'must be IP addresses or CIDR ranges, separated by commas');
export const hostNames = listOf(
  (text) => isAddressRange(text) || /^[a-z0-9_]([a-z0-9._-]*[a-z0-9_])?$/i.test(text),
  'must be host names, IP addresses or CIDR ranges, separated by commas',
);
export const rateLimits = z
  .string()
  .transform((text) => text.split(',').map((part) => part.split('=').map((side) => side.trim())))
  .refine(
    (pairs) => pairs.every(([name, count, ...rest]) => isRate(name) && /^\d{1,9}$/.test(count ?? '') && !rest.length),
    `must be name=number pairs separated by commas; the names are ${Object.keys(DEFAULT_RATES).join(', ')}`,
  )
  .transform((pairs): Partial<Rates> => Object.fromEntries(pairs.map(([name, count]) => [name, Number(count)])));
export const listenAddress = z
  .string()
  .refine((text) => text === 'localhost' || isIP(text) !== 0, 'must be an IP address, or localhost');
export const hostHeaders = listOf(
  (text) => isIP(text) !== 0 || /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i.test(text),
  'must be host names such as countersign.example, separated by commas',
);
export const logLevel = z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']);
export type LogLevel = z.infer<typeof logLevel>;
export const modelName = z.string().regex(/^[a-z][a-z-]*\/\S+$/, 'must be provider/model, for example openai/gpt-5');

function isOrigin(text: string): boolean {
  return /^https?:$/.test(URL.parse(text)?.protocol ?? '') && URL.parse(text)?.origin === text;
}

function isAddressRange(text: string): boolean {
  const [address = '', prefix, ...rest] = text.split('/');
  const version = isIP(address);
  if (version === 0 || rest.length > 0) return false;
  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (version === 6 ? 128 : 32));
}
