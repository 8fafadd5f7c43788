/** Names of decisions: derived from the Idempotency-Key where there is one, so that a repeat is the same decision. */
import { createHash, randomBytes } from 'node:crypto';
import type { DecisionKind } from '../../domain/schemas/approval.ts';

const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';

/** `prefix` and 26 base32 characters, five bits of each byte. */
const idFromBytes = (prefix: string, bytes: Uint8Array): string =>
  `${prefix}_${[...bytes.subarray(0, 26)].map((byte) => BASE32.charAt(byte & 31)).join('')}`;

export const randomId = (prefix: string): string => idFromBytes(prefix, randomBytes(26));

/** The same parts give the same id. JSON keeps the parts apart. */
export const derivedId = (prefix: string, ...parts: readonly (string | number)[]): string =>
  idFromBytes(
    prefix,
    createHash('sha256')
      .update(JSON.stringify([prefix, ...parts]))
      .digest(),
  );

interface KeyedDecision {
  readonly approvalId: string;
  readonly revision: number;
  readonly principal: string;
  readonly decision: DecisionKind;
  readonly idempotencyKey: string | undefined;
}

export const decisionId = ({ approvalId, revision, principal, decision, idempotencyKey }: KeyedDecision): string =>
  idempotencyKey === undefined
    ? randomId('dec')
    : derivedId('dec', approvalId, revision, principal, idempotencyKey, decision);
