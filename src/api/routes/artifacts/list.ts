import { ArtifactList } from '../../../contract/artifacts.ts';
import { RunParams } from '../../../contract/runs.ts';
import type { Api } from '../../dependencies.ts';
import { json, problems } from '../../responses.ts';
import { findRun } from '../../runs/find-run.ts';
import type { ApiServer } from '../../server-type.ts';
import { runPath } from '../../views/run-view.ts';

/** The files in the run's workspace. */
export function registerListArtifacts(app: ApiServer, api: Api): void {
  app.get('/v1/runs/:runId/artifacts', {
    config: { action: 'run.read' },
    schema: {
      operationId: 'listArtifacts',
      tags: ['runs'],
      summary: 'List the files of a run',
      description: 'What the run has left in its workspace, with sizes and SHA-256, for whoever wants its results.',
      params: RunParams,
      response: { 200: json('Path, size and SHA-256 of each file', ArtifactList), ...problems('run_not_found') },
    },
    handler: async (request) => {
      const run = await findRun(api, request, request.params.runId);
      const receipts = await api.artifacts.list(run, run.runId);
      return {
        data: receipts.map((receipt) => ({ ...receipt, links: { self: artifactPath(run.runId, receipt.path) } })),
      };
    },
  });
}

const artifactPath = (runId: string, path: string): string =>
  `${runPath(runId)}/artifacts/${path.split('/').map(encodeURIComponent).join('/')}`;
