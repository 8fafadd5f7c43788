import { z } from 'zod';
import { RunIdField } from '../../../contract/runs.ts';
import type { Api } from '../../dependencies.ts';
import { HttpProblem } from '../../http-problem.ts';
import { problems } from '../../responses.ts';
import { findRun } from '../../runs/find-run.ts';
import type { ApiServer } from '../../server-type.ts';

const Params = z.strictObject({
  runId: RunIdField,
  '*': z.string().min(1).max(500).meta({ description: 'Path of the file in the workspace' }),
});

/**
 * One file of the run's workspace. A model wrote it: it is handed out as a download that no browser interprets, and
 * whoever opens it in one all the same gets a page that may do nothing.
 */
export function registerReadArtifact(app: ApiServer, api: Api): void {
  app.get('/v1/runs/:runId/artifacts/*', {
    config: { action: 'run.read' },
    schema: {
      operationId: 'readArtifact',
      tags: ['runs'],
      summary: 'Download a file of a run',
      description: 'As an attachment, byte for byte. Treat it as what it is: written by a model.',
      params: Params,
      response: {
        200: {
          description: "The file's bytes, as an attachment; `ETag` is their SHA-256",
          content: { 'application/octet-stream': { schema: z.unknown().meta({ type: 'string', format: 'binary' }) } },
        },
        ...problems('run_not_found', 'artifact_not_found'),
      },
    },
    handler: async (request, reply) => {
      const run = await findRun(api, request, request.params.runId);
      const path = request.params['*'];
      const file = await api.artifacts.read(run, run.runId, path);
      if (!file) throw new HttpProblem('artifact_not_found');
      return reply
        .type('application/octet-stream')
        .header('content-disposition', attachment(path))
        .header('content-security-policy', "sandbox; default-src 'none'")
        .header('x-content-type-options', 'nosniff')
        .header('cache-control', 'private, no-cache')
        .header('etag', `"${file.sha256}"`)
        .send(Buffer.from(file.bytes.buffer, file.bytes.byteOffset, file.bytes.byteLength));
    },
  });
}

/** The last part of the path as a file name: plain for old clients, in UTF-8 for all others (RFC 6266). */
function attachment(path: string): string {
  const name = path.split('/').at(-1) ?? 'artifact';
  const plain = name.replaceAll(/[^A-Za-z0-9._-]/g, '_');
  return `attachment; filename="${plain}"; filename*=UTF-8''${encodeURIComponent(name).replaceAll("'", '%27')}`;
}
