import { z } from 'zod';
import { MediaParams } from '../../../contract/media.ts';
import { MEDIA_TYPES, knownMediaType } from '../../../domain/media-types.ts';
import { readMedia } from '../../../store/media.ts';
import { attachmentHeaders } from '../../attachment.ts';
import type { Api } from '../../dependencies.ts';
import { HttpProblem } from '../../http-problem.ts';
import { problems } from '../../responses.ts';
import { findRun } from '../../runs/find-run.ts';
import type { ApiServer } from '../../server-type.ts';

const binary = { schema: z.unknown().meta({ type: 'string', format: 'binary' }) };

/** An image, sound or file that a tool of the run has kept. Others wrote it. */
export function registerReadMedia(app: ApiServer, api: Api): void {
  app.get('/v1/runs/:runId/media/:sha256', {
    config: { action: 'run.read' },
    schema: {
      operationId: 'readMedia',
      tags: ['runs'],
      summary: 'Download an image, sound or file of a run',
      description:
        'As an attachment, byte for byte, under a type of a short list. Treat it as what it is: made by others.',
      params: MediaParams,
      response: {
        200: {
          description: 'The bytes, as an attachment',
          content: Object.fromEntries(MEDIA_TYPES.map((type) => [type, binary])),
        },
        ...problems('run_not_found', 'media_not_found'),
      },
    },
    handler: async (request, reply) => {
      const { runId, sha256 } = request.params;
      const run = await findRun(api, request, runId);
      const found = await readMedia(api.store, run, run.runId, sha256);
      if (!found) throw new HttpProblem('media_not_found');
      const mediaType = knownMediaType(found.row.mediaType);
      const extension = mediaType === 'application/octet-stream' ? 'bin' : mediaType.split('/')[1];
      const name = `${found.row.toolCallId}-${sha256.slice(0, 8)}.${extension}`;
      return reply.type(mediaType).headers(attachmentHeaders(name, sha256)).send(found.bytes);
    },
  });
}
