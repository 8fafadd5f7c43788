/** An answer cut to what may be kept. */
import type { JsonValue } from '../../../domain/arguments/json-value.ts';

/** What helps to go on; never cookies. */
const SHOWN_HEADERS = ['content-type', 'etag', 'last-modified', 'link', 'location', 'retry-after'];
const MAX_HEADER_LENGTH = 1_000;

/** Reads at most so many bytes, and gives the rest up: also of a body that unpacks to far more than was sent. */
async function readBody(response: Response, maxBytes: number): Promise<{ bytes: Buffer; isCut: boolean }> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  const reader = response.body?.getReader();
  try {
    for (let next = await reader?.read(); next && !next.done; next = await reader?.read()) {
      const chunk = next.value as Uint8Array;
      chunks.push(chunk);
      length += chunk.byteLength;
      if (length > maxBytes) break;
    }
  } finally {
    await reader?.cancel().catch(() => undefined);
  }
  const bytes = Buffer.concat(chunks);
  return { bytes: bytes.subarray(0, maxBytes), isCut: length > maxBytes };
}

/** Undefined where it is not UTF-8. The last character may have been cut in two. */
function textOf(bytes: Buffer, isCut: boolean): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: isCut });
  } catch {
    return undefined;
  }
}

export async function readResponse(response: Response, maxBytes: number): Promise<JsonValue> {
  const { bytes, isCut } = await readBody(response, maxBytes);
  const text = textOf(bytes, isCut);
  const headers = SHOWN_HEADERS.flatMap((name) => {
    const value = response.headers.get(name);
    return value === null ? [] : [[name, value.slice(0, MAX_HEADER_LENGTH).toWellFormed()]];
  });
  return {
    status: response.status,
    headers: Object.fromEntries(headers) as Record<string, string>,
    body: text ?? null,
    ...(text === undefined && { binary: true }),
    bytes: bytes.byteLength,
    truncated: isCut,
  };
}
