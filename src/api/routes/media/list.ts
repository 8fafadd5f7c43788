import { MediaList } from '../../../contract/media.ts';
import { RunParams } from '../../../contract/runs.ts';
import { listMedia } from '../../../store/media.ts';
import type { MediaRow } from '../../../store/media.ts';
import { knownMediaType } from '../../../domain/media-types.ts';
import type { Api } from '../../dependencies.ts';
import { json, problems } from '../../responses.ts';
import { findRun } from '../../runs/find-run.ts';
import type { ApiServer } from '../../server-type.ts';
import { runPath } from '../../views/run-view.ts';
import { timestamp } from '../../views/time.ts';

/** More than a run has: a hundred calls with ten images each. */
const MAX_LISTED = 1_000;

/** What the tools of a run have kept beside their results. */
export function registerListMedia(app: ApiServer, api: Api): void {
  app.get('/v1/runs/:runId/media', {
    config: { action: 'run.read' },
    schema: {
      operationId: 'listMedia',
      tags: ['runs'],
      summary: 'List the images, sounds and files of a run',
      description: `Those that its tools, such as tools of MCP servers, have kept beside their results: the first ${MAX_LISTED}.`,
      params: RunParams,
      response: { 200: json('In the order in which they came', MediaList), ...problems('run_not_found') },
    },
    handler: async (request) => {
      const run = await findRun(api, request, request.params.runId);
      const rows = await listMedia(api.store, run, run.runId, MAX_LISTED);
      return { data: rows.map(mediaView) };
    },
  });
}

function mediaView({ sha256, runId, toolCallId, mediaType, sizeBytes, createdAt }: MediaRow) {
  const name = sha256.toString('hex');
  return {
    sha256: name,
    toolCallId,
    mediaType: knownMediaType(mediaType),
    bytes: sizeBytes,
    createdAt: timestamp(createdAt),
    links: { self: `${runPath(runId)}/media/${name}` },
  };
}
