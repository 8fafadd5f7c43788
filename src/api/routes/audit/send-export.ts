import { Readable } from 'node:stream';
import { AUDIT_MEDIA_TYPES, AuditCloudEvents, AuditExport } from '../../../contract/audit.ts';
import type { EventLine } from '../../../domain/evidence/export-lines.ts';
import type { StoredLink } from '../../../store/read-chain.ts';
import { audit } from '../../audit.ts';
import type { Api } from '../../dependencies.ts';
import type { AnyReply, AnyRequest } from '../../server-type.ts';
import { acceptedFormat } from './accepted-format.ts';
import { writeExport } from './write-export.ts';
import type { ExportSource } from './write-export.ts';

const PAGE = 500;

/** What a route that sends one answers. */
export const exportAnswer = {
  description: 'The export, as a download',
  content: {
    [AUDIT_MEDIA_TYPES.jsonl]: { schema: AuditExport },
    [AUDIT_MEDIA_TYPES.cloudevents]: { schema: AuditCloudEvents },
    [AUDIT_MEDIA_TYPES.cloudeventsBatch]: { schema: AuditCloudEvents },
  },
};

/** Bytes that are no text are told as they can be: their hash will not hold, which is what a reader must see. */
const eventLine = ({ seq, prevHash, hash, body }: StoredLink): EventLine => ({
  type: 'event',
  seq,
  prevHash,
  hash,
  body: body.toString('utf8'),
});

/** Event lines of a chain up to its head, page by page. */
export async function* eventPages(
  head: number,
  read: (page: { after: number; upTo: number; limit: number }) => Promise<readonly StoredLink[]>,
): AsyncGenerator<readonly EventLine[]> {
  for (let after = 0; after < head;) {
    const links = await read({ after, upTo: head, limit: PAGE });
    const last = links.at(-1);
    // A chain with a hole at its end ends here: the head in the header tells.
    if (!last) return;
    yield links.map(eventLine);
    after = last.seq;
  }
}

/** That somebody took evidence away is evidence itself: written before the first byte leaves. */
export async function recordExport(api: Api, request: AnyRequest, data: Record<string, string>): Promise<number> {
  const format = acceptedFormat(request.headers.accept);
  const nowMs = await api.clock.nowMs();
  await audit(api, request.caller, 'audit.exported', nowMs, { ...data, format });
  return nowMs;
}

export function sendExport(api: Api, request: AnyRequest, reply: AnyReply, name: string, source: ExportSource) {
  const format = acceptedFormat(request.headers.accept);
  const body = Readable.from(writeExport(source, format));
  body.on('error', (error) => api.logger.warn({ err: error }, 'audit.export_failed'));
  return reply
    .type(AUDIT_MEDIA_TYPES[format])
    .header('vary', 'Accept')
    .header('cache-control', 'no-store')
    .header('x-content-type-options', 'nosniff')
    .header('content-disposition', `attachment; filename="${name}.${format === 'cloudeventsBatch' ? 'json' : 'jsonl'}"`)
    .send(body);
}
