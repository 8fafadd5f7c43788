/**
 * The bridge's signing key, certified by a trust anchor. Workers get `Trust` only: the private key is the bridge's alone.
 * Files are made once in the installation's state directory, mode 0600: `signing-keys.json` for the bridge, `trust.json`
 * for workers.
 */
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { dirname, join } from 'node:path';
import { CompactSign, calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK } from 'jose';
import { z } from 'zod';
import { KEY_TYPE } from '../domain/core/attestation.ts';
import type { KeyCertificate } from '../domain/core/attestation.ts';

const Jwk = z.object({ kty: z.literal('OKP'), crv: z.literal('Ed25519'), x: z.string(), d: z.string() });

const SigningFile = z.object({
  v: z.literal(1),
  /** Commands are signed for one deployment and worth nothing in another. */
  audience: z.string(),
  anchor: Jwk,
  kid: z.string(),
  key: Jwk,
  /** The key's certificate: a JWS by the anchor. */
  certificate: z.string(),
});
export type SigningKeys = z.infer<typeof SigningFile>;

const TrustFile = z.object({
  audience: z.string(),
  /** Ed25519 public keys, base64url. */
  anchors: z.array(z.string()).min(1).readonly(),
});

/** What verifying needs: public. */
export type TrustedKeys = Readonly<z.infer<typeof TrustFile>>;

const YEAR_MS = 365 * 24 * 3_600_000;

const newKey = async (): Promise<z.infer<typeof Jwk>> => {
  const { privateKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true });
  return Jwk.parse(await exportJWK(privateKey));
};

/** Makes an anchor and a signing key certified by it for ten years. */
export const createSigningKeys = async (nowMs: number): Promise<SigningKeys> => {
  const [anchor, key] = await Promise.all([newKey(), newKey()]);
  const kid = await calculateJwkThumbprint({ kty: key.kty, crv: key.crv, x: key.x });
  const certified: KeyCertificate = {
    typ: KEY_TYPE,
    kid,
    x: key.x,
    // A day of leeway for clocks of other machines; the certificate of a rotated key is simply no longer used.
    notBefore: nowMs - YEAR_MS / 365,
    notAfter: nowMs + 10 * YEAR_MS,
  };
  const certificate = await new CompactSign(Buffer.from(JSON.stringify(certified)))
    .setProtectedHeader({ alg: 'EdDSA' })
    .sign(await importJWK(anchor, 'EdDSA'));
  return { v: 1, audience: `countersign:${randomBytes(8).toString('hex')}`, anchor, kid, key, certificate };
};

/** Writes a file that never changes once it is there. A link never replaces: whoever comes first wins. */
const writeOnce = async (path: string, value: unknown): Promise<void> => {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  await writeFile(draft, JSON.stringify(value), { mode: 0o600, flag: 'wx' });
  await link(draft, path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  await rm(draft);
};

const readIfThere = async (path: string): Promise<unknown> => {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
};

/** Reads the keys of an installation, making them the first time. Parallel callers get the same keys. */
export const loadSigningKeys = async (directory: string, nowMs: number): Promise<SigningKeys> => {
  const path = join(directory, 'signing-keys.json');
  let found = await readIfThere(path);
  if (found === undefined) {
    await writeOnce(path, await createSigningKeys(nowMs));
    found = await readIfThere(path);
  }
  const keys = SigningFile.parse(found);
  await writeOnce(join(directory, 'trust.json'), trustedKeys(keys));
  return keys;
};

/** What a worker reads: it needs no private key, and gets none. Undefined until a bridge has made the keys. */
export const loadTrustedKeys = async (directory: string): Promise<TrustedKeys | undefined> => {
  const found = await readIfThere(join(directory, 'trust.json'));
  return found === undefined ? undefined : TrustFile.parse(found);
};

export const trustedKeys = ({ audience, anchor }: SigningKeys): TrustedKeys => ({ audience, anchors: [anchor.x] });
