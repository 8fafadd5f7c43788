// Requests as people make them: a shell runs the very text that the page shows.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

export interface CurlRequest {
  /** POST where there is a body, else GET. */
  readonly method?: string;
  readonly path: string;
  /** Values may name shell variables. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** In place of `body`: the words of the shell that give it to curl. */
  readonly data?: string;
  /** The line before curl, for what is piped into it. */
  readonly piped?: string;
  /** Sent without one where it is null. */
  readonly key?: string | null;
  /** Of another server than the usual one. */
  readonly url?: string;
  /** More variables of the shell. */
  readonly variables?: Readonly<Record<string, string>>;
  /** Runs once it has been answered. */
  readonly afterwards?: () => void;
}

export interface CurlAnswer {
  readonly statusLine: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

const TIMEOUT_MS = 15_000;
const run = promisify(execFile);

const quoted = (text: string): string =>
  text.includes('$') ? `"${text.replaceAll('"', String.raw`\"`)}"` : `'${text.replaceAll("'", String.raw`'\''`)}'`;

/** The command, in lines as people would break it. */
export function commandOf({ method, path, headers = {}, body, data, piped, key }: CurlRequest): string {
  const given = data ?? (body === undefined ? undefined : `-d ${quoted(JSON.stringify(body))}`);
  const sent = {
    ...(key === null ? {} : { Authorization: 'Bearer $key' }),
    ...(given === undefined ? {} : { 'Content-Type': 'application/json' }),
    ...headers,
  };
  const verb = method === undefined || (method === 'POST' && given !== undefined) ? '' : `-X ${method} `;
  const words = [
    `${piped === undefined ? '' : `${piped} | `}curl -i ${verb}"$api${path}"`,
    ...Object.entries(sent).map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`),
    ...(given === undefined ? [] : [given]),
  ];
  return words.join(' \\\n  ');
}

/** Throws, saying what to do, where there is no curl. */
export async function assertCurl(): Promise<void> {
  await run('curl', ['--version']).catch((error: unknown) => {
    throw new Error('This test asks the API by curl, as people do: install curl and run it again.', { cause: error });
  });
}

/** Throws where curl got no answer. */
export async function curl(request: CurlRequest, api: string, key: string): Promise<CurlAnswer> {
  const variables = { api: request.url ?? api, key: request.key ?? key, ...request.variables };
  // Nothing of the machine's own: neither a .curlrc nor a proxy.
  const env = { PATH: process.env['PATH'], HOME: '/nonexistent', ...variables };
  try {
    const { stdout } = await run('sh', ['-c', commandOf(request)], { env, timeout: TIMEOUT_MS });
    return answerIn(stdout);
  } finally {
    request.afterwards?.();
  }
}

function answerIn(output: string): CurlAnswer {
  const end = output.indexOf('\r\n\r\n');
  if (end < 0) throw new Error(`curl got no answer: ${output}`);
  const [statusLine = '', ...lines] = output.slice(0, end).split('\r\n');
  const rest = output.slice(end + 4);
  // Told before the answer, where curl asked whether to send a large body.
  if (statusLine.startsWith('HTTP/1.1 100')) return answerIn(rest);
  const headers = lines.map((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
  });
  return { statusLine, headers, body: rest };
}
