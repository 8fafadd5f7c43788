/** Signs checkpoints with the bridge's key, certified as commands are. */
import { CompactSign, importJWK } from 'jose';
import { CHECKPOINT_TYPE } from '../domain/evidence/checkpoint.ts';
import type { Checkpoint } from '../domain/evidence/checkpoint.ts';
import type { SigningKeys } from '../platform/signing-keys.ts';

export type SignCheckpoint = (checkpoint: Omit<Checkpoint, 'typ' | 'v' | 'aud'>) => Promise<string>;

export const createCheckpointSigner = async (keys: SigningKeys): Promise<SignCheckpoint> => {
  const key = await importJWK(keys.key, 'EdDSA');
  const header = { alg: 'EdDSA', typ: 'countersign-checkpoint+jws', kid: keys.kid, cert: keys.certificate };
  return (checkpoint) => {
    const payload: Checkpoint = { typ: CHECKPOINT_TYPE, v: 1, aud: keys.audience, ...checkpoint };
    return new CompactSign(Buffer.from(JSON.stringify(payload))).setProtectedHeader(header).sign(key);
  };
};
