import type { BlobRef } from '../domain/schemas/names.ts';

/** A reference is stored as two columns: raw hash and size. */
export const blobRefFrom = (sha256: Buffer | null, bytes: number | null): BlobRef | null =>
  sha256 === null || bytes === null ? null : { sha256: sha256.toString('hex'), bytes };
