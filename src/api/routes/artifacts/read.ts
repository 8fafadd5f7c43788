import { z } from 'zod';
import { RunIdField } from '../../../contract/runs.ts';
import { attachmentHeaders } from '../../attachment.ts';
import type { Api } from '../../dependencies.ts';
import { HttpProblem } from '../../http-problem.ts';
import { problems } from '../../responses.ts';
import { findRun } from '../../runs/find-run.ts';
import type { ApiServer } from '../../server-type.ts';

const Params = z.strictObject({
  runId: RunIdField,
  '*': z.string().min(1).max(500).meta({ description: 'Path of the file in the workspace' }),
});

/** One file of the run's workspace. A model wrote it. */
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
      const bytes = Buffer.from(file.bytes.buffer, file.bytes.byteOffset, file.bytes.byteLength);
      // The last part of its path.
      const name = path.split('/').at(-1) ?? 'artifact';
      return reply.type('application/octet-stream').headers(attachmentHeaders(name, file.sha256)).send(bytes);
    },
  });
}
