/** The evidence: a run's chain, and the tenant's own, as files to keep and to verify offline. */
import { AUDIT_MEDIA_TYPES } from '../contract/audit.ts';
import type { AuditFormat, TrustAnchors } from '../contract/audit.ts';
import { segment } from './calls.ts';
import type { CallOptions, Calls } from './calls.ts';
import type { Http } from './http.ts';

export interface AuditOptions extends CallOptions {
  /** @default 'jsonl', the one that can be verified */
  readonly format?: AuditFormat | undefined;
}

export interface AuditClient {
  /** The root run's whole chain as it is now. Not buffered: read it, or cancel it. */
  exportRun(runId: string, options?: AuditOptions): Promise<ReadableStream<Uint8Array>>;
  /** What belongs to no run: keys, grants, brakes, policy, and each run's start and end. */
  exportTenant(options?: AuditOptions): Promise<ReadableStream<Uint8Array>>;
  /** What verifying needs. Fetch it once and keep it: it proves nothing about a server that one distrusts. */
  trust(options?: CallOptions): Promise<TrustAnchors>;
}

export function auditClient(http: Http, { get }: Calls): AuditClient {
  const open = async (path: string, { signal, format = 'jsonl' }: AuditOptions = {}) => {
    const response = await http.send('GET', path, {
      signal,
      headers: { accept: AUDIT_MEDIA_TYPES[format] },
      // A chain may be long; whoever reads it sees how it gets on.
      timeoutMs: 0,
    });
    return response.body ?? new ReadableStream<Uint8Array>({ start: (controller) => controller.close() });
  };
  return {
    exportRun: (runId, given) => open(`/v1/runs/${segment(runId)}/audit`, given),
    exportTenant: (given) => open('/v1/audit', given),
    trust: (given) => get('/.well-known/countersign-trust.json', given),
  };
}
