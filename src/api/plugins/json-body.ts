/** Bodies are JSON that means the same to every reader; other media types are refused. */
import { parseStrictJson } from '../../domain/arguments/parse-strict-json.ts';
import { HttpProblem } from '../http-problem.ts';
import type { ApiServer } from '../server-type.ts';

export function registerJsonBody(app: ApiServer, maxBytes: number): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, async (_request: unknown, body: Buffer) => {
    if (body.length === 0) return undefined;
    const result = parseStrictJson(decode(body), { maxBytes });
    if (!result.ok) throw new HttpProblem('malformed_json', { detail: result.fault.message });
    return result.value;
  });
}

function decode(body: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch (cause) {
    throw new HttpProblem('malformed_json', { detail: 'The body is not UTF-8.', cause });
  }
}
