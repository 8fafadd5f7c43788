/** Which images, sounds and files belong to which run. The bytes are blobs. */
import { z } from 'zod';
import type { JsonValue } from '../domain/arguments/json-value.ts';
import { knownMediaType } from '../domain/media-types.ts';
import type { MediaType } from '../domain/media-types.ts';
import type { Scope } from '../domain/schemas/names.ts';
import { readBlobs } from './blobs.ts';
import type { NewBlob } from './blobs.ts';
import { execute } from './database.ts';
import type { Store } from './database.ts';
import { decodeRow } from './decode-row.ts';
import { media } from './schema/media.ts';

export type MediaRow = typeof media.$inferSelect;

/** What a tool keeps, where it is media: how MCP's results are kept. */
export const KeptMedia = z.object({ mimeType: z.string().nullable(), base64: z.string() });

export interface NewMedia {
  readonly blob: NewBlob;
  readonly mediaType: MediaType;
  readonly sizeBytes: number;
}

/** Undefined where it is something else. */
export function mediaOf(value: JsonValue, blob: NewBlob): NewMedia | undefined {
  const kept = KeptMedia.safeParse(value).data;
  if (!kept) return undefined;
  return { blob, mediaType: knownMediaType(kept.mimeType), sizeBytes: Buffer.byteLength(kept.base64, 'base64') };
}

const PUT = {
  name: 'put_media_1',
  text: `INSERT INTO media (tenant, sha256, project, run_id, tool_call_id, media_type, size_bytes, created_at)
    SELECT $1, m.sha256, $2, $3, $4, m.media_type, m.size_bytes, $5
      FROM unnest($6::bytea[], $7::text[], $8::integer[]) AS m (sha256, media_type, size_bytes)
    ON CONFLICT DO NOTHING`,
};

/** Before the call is settled: whoever sees its result finds what it names. */
export async function putMedia(
  store: Store,
  of: Scope & { readonly runId: string; readonly toolCallId: string; readonly nowMs: number },
  kept: readonly NewMedia[],
): Promise<void> {
  if (kept.length === 0) return;
  await execute(store, PUT, [
    of.tenant,
    of.project,
    of.runId,
    of.toolCallId,
    of.nowMs,
    kept.map(({ blob }) => Buffer.from(blob.ref.sha256, 'hex')),
    kept.map(({ mediaType }) => mediaType),
    kept.map(({ sizeBytes }) => sizeBytes),
  ]);
}

const LIST = {
  name: 'list_media_1',
  text: `SELECT m.* FROM media m WHERE m.tenant = $1 AND m.project = $2 AND m.run_id = $3
    ORDER BY m.created_at, m.sha256 LIMIT $4`,
};

/** The run's own, in the order in which they came. */
export async function listMedia(store: Store, { tenant, project }: Scope, runId: string, limit: number) {
  const rows = await execute(store, LIST, [tenant, project, runId, limit]);
  return rows.map((row): MediaRow => decodeRow(media, row));
}

const GET = {
  name: 'get_media_1',
  text: `SELECT m.* FROM media m WHERE m.tenant = $1 AND m.project = $2 AND m.run_id = $3 AND m.sha256 = $4`,
};

/** Undefined where the run has none of that hash, or its bytes were erased. */
export async function readMedia(
  store: Store,
  { tenant, project }: Scope,
  runId: string,
  sha256: string,
): Promise<{ readonly row: MediaRow; readonly bytes: Buffer } | undefined> {
  const [found] = await execute(store, GET, [tenant, project, runId, Buffer.from(sha256, 'hex')]);
  if (found === undefined) return undefined;
  const kept = KeptMedia.safeParse((await readBlobs(store, tenant, [sha256])).get(sha256)).data;
  return kept && { row: decodeRow(media, found), bytes: Buffer.from(kept.base64, 'base64') };
}
