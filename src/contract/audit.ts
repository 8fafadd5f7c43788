import { z } from 'zod';

/** How an export can be had, by media type. */
export const AUDIT_MEDIA_TYPES = {
  /** The one that `countersign audit verify` reads. */
  jsonl: 'application/jsonl',
  /** One CloudEvent (1.0, structured mode) a line. */
  cloudevents: 'application/cloudevents+json',
  /** All of them as one JSON array. */
  cloudeventsBatch: 'application/cloudevents-batch+json',
} as const;

export type AuditFormat = keyof typeof AUDIT_MEDIA_TYPES;

export const AuditExport = z.string().meta({
  description:
    'JSON Lines: `{type: "header", v, kind, tenant, project, rootRunId, head, exportedAt}`, then `{type: "event", seq, prevHash, ' +
    'hash, body}` with the exact text that was hashed, then `{type: "command", runId, signatureId, bytes, jws}`, then ' +
    '`{type: "end", events, commands}`: without it the export was cut off.',
});

export const AuditCloudEvents = z.string().meta({
  description:
    'CloudEvents 1.0 in JSON, one a line; `sequence`, `prevhash` and `chainhash` are its place in the chain.',
});

/** What verifying signatures needs: public keys that certify the signing keys, and whom commands are signed for. */
export const TrustAnchors = z
  .object({
    audience: z.string(),
    anchors: z.array(z.string()).meta({ description: 'Ed25519 public keys, base64url' }),
  })
  .meta({ id: 'TrustAnchors' });
export type TrustAnchors = z.infer<typeof TrustAnchors>;
