/** Files of runs' workspaces. */
import type { Artifact } from '../contract/artifacts.ts';
import { segment } from './calls.ts';
import type { CallOptions, Calls } from './calls.ts';
import type { Http } from './http.ts';

export interface ArtifactsClient {
  list(runId: string, options?: CallOptions): Promise<readonly Artifact[]>;
  read(runId: string, path: string, options?: CallOptions): Promise<Uint8Array>;
}

export const artifactsClient = (http: Http, { get }: Calls): ArtifactsClient => ({
  list: async (runId, given) => (await get<{ data: Artifact[] }>(`/v1/runs/${segment(runId)}/artifacts`, given)).data,
  async read(runId, path, given) {
    const encoded = path.split('/').map(segment).join('/');
    const response = await http.send('GET', `/v1/runs/${segment(runId)}/artifacts/${encoded}`, {
      ...given,
      headers: { accept: 'application/octet-stream' },
    });
    return new Uint8Array(await response.arrayBuffer());
  },
});
