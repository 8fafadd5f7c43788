import { CommandClaims } from '../../domain/schemas/command.ts';
import type { SignedCommand } from '../../domain/schemas/command.ts';

const Claims = CommandClaims.pick({ jti: true });

/** The `jti` of a signature that we made ourselves a moment ago. */
export function signatureIdOf({ jws }: SignedCommand): string {
  const [, payload = ''] = jws.split('.');
  return Claims.parse(JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'))).jti;
}
