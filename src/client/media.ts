/** Images, sounds and files that runs' tools have kept. */
import type { Media } from '../contract/media.ts';
import { segment } from './calls.ts';
import type { CallOptions, Calls } from './calls.ts';
import type { Http } from './http.ts';

export interface MediaClient {
  list(runId: string, options?: CallOptions): Promise<readonly Media[]>;
  read(runId: string, sha256: string, options?: CallOptions): Promise<Uint8Array>;
}

export const mediaClient = (http: Http, { get }: Calls): MediaClient => ({
  list: async (runId, given) => (await get<{ data: Media[] }>(`/v1/runs/${segment(runId)}/media`, given)).data,
  async read(runId, sha256, given) {
    const path = `/v1/runs/${segment(runId)}/media/${segment(sha256)}`;
    const response = await http.send('GET', path, { ...given, headers: { accept: '*/*' } });
    return new Uint8Array(await response.arrayBuffer());
  },
});
