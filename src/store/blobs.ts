import { createHash, randomBytes } from 'node:crypto';
import { canonicalBytes } from '../domain/arguments/canonical-json.ts';
import { deepFreeze } from '../domain/arguments/deep-freeze.ts';
import type { JsonValue } from '../domain/arguments/json-value.ts';
import type { BlobRef } from '../domain/schemas/names.ts';
import { execute } from './database.ts';
import type { Store } from './database.ts';
import { StoreCorruptionError } from './store-error.ts';

/** Content to be stored: `bytes` is the canonical JSON of `{salt, value}`, `ref` its commitment. */
export interface NewBlob {
  readonly ref: BlobRef;
  readonly bytes: Buffer;
}

const SALT_BYTES = 16;

/** Wraps a value for the blob store. The random salt keeps the commitment from giving short content away. */
export const makeBlob = (value: JsonValue): NewBlob => saltedBlob(value, randomBytes(SALT_BYTES).toString('hex'));

/** Under a salt that whoever has to make the same blob again can derive. */
export function saltedBlob(value: JsonValue, salt: string): NewBlob {
  const bytes = Buffer.from(canonicalBytes({ salt, value }));
  return { ref: { sha256: createHash('sha256').update(bytes).digest('hex'), bytes: bytes.length }, bytes };
}

/** The parameters of every function that stores blobs. */
export const blobParameters = (blobs: readonly NewBlob[]): [Buffer[], Buffer[]] => [
  blobs.map((blob) => Buffer.from(blob.ref.sha256, 'hex')),
  blobs.map((blob) => blob.bytes),
];

const PUT = { name: 'put_blobs_1', text: 'SELECT put_blobs($1, $2, $3)' };

/** Stores blobs; those already there stay as they are. */
export async function putBlobs(store: Store, tenant: string, blobs: readonly NewBlob[]): Promise<void> {
  if (blobs.length === 0) return;
  await execute(store, PUT, [tenant, ...blobParameters(blobs)]);
  rememberBlobs(store, tenant, blobs);
}

/** A larger one would push out many that are read again soon. */
const REMEMBERED_MAX_BYTES = 256 * 1024;

/** Spares this process the first read of what it has just stored. Only after the commit: a reader must not be ahead. */
export function rememberBlobs(store: Store, tenant: string, blobs: readonly NewBlob[]): void {
  for (const { ref, bytes } of blobs) {
    const key = cacheKey(tenant, ref.sha256);
    if (bytes.length > REMEMBERED_MAX_BYTES || store.blobCache.has(key)) continue;
    // From the bytes: what readers get never depends on who wrote it, nor on what the writer does with the value.
    store.blobCache.set(key, { value: valueIn(bytes) }, { size: bytes.length });
  }
}

const READ = {
  name: 'read_blobs_1',
  text: 'SELECT sha256, body FROM blobs WHERE tenant = $1 AND sha256 = ANY ($2::bytea[])',
};

/**
 * Reads values by hash; what is missing (erased, or another tenant's) is absent from the map. Values are frozen, since
 * readers share them. Throws a {@link StoreCorruptionError} where stored bytes are not what their hash says.
 */
export async function readBlobs(
  store: Store,
  tenant: string,
  sha256s: readonly string[],
): Promise<Map<string, JsonValue>> {
  const values = new Map<string, JsonValue>();
  const missing = new Set<string>();
  for (const sha256 of sha256s) {
    const cached = store.blobCache.get(cacheKey(tenant, sha256));
    if (cached === undefined) missing.add(sha256);
    else values.set(sha256, cached.value);
  }
  if (missing.size === 0) return values;
  const rows = (await execute(store, READ, [tenant, [...missing].map((sha256) => Buffer.from(sha256, 'hex'))])) as {
    sha256: Buffer;
    body: Buffer;
  }[];
  for (const row of rows) {
    const sha256 = row.sha256.toString('hex');
    const value = openEnvelope(sha256, row.body);
    store.blobCache.set(cacheKey(tenant, sha256), { value }, { size: row.body.length });
    values.set(sha256, value);
  }
  return values;
}

const cacheKey = (tenant: string, sha256: string): string => `${tenant}/${sha256}`;

function openEnvelope(sha256: string, bytes: Buffer): JsonValue {
  if (createHash('sha256').update(bytes).digest('hex') !== sha256) {
    throw new StoreCorruptionError(`Blob ${sha256} is not what its hash says.`);
  }
  return valueIn(bytes);
}

function valueIn(bytes: Buffer): JsonValue {
  const envelope = JSON.parse(bytes.toString('utf8')) as { readonly value: JsonValue };
  return deepFreeze(envelope.value);
}
