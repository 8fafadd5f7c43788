/**
 * Names of decisions, so that a repeat is the same decision. The first half names the request: by its Idempotency-Key
 * where there is one. The second half names what it says, so that the same key with other words is told apart.
 */
import { createHash, randomBytes } from 'node:crypto';
import type { DecideApproval } from '../../contract/decisions.ts';
import { canonicalJson } from '../../domain/arguments/canonical-json.ts';
import type { JsonValue } from '../../domain/arguments/json-value.ts';

const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';
const LENGTH = 26;
const HALF = LENGTH / 2;

/** Base32 characters, five bits of each byte. */
const charactersFrom = (bytes: Uint8Array, length: number): string =>
  [...bytes.subarray(0, length)].map((byte) => BASE32.charAt(byte & 31)).join('');

const hashOf = (parts: readonly JsonValue[]): Uint8Array => createHash('sha256').update(canonicalJson(parts)).digest();

export const randomId = (prefix: string): string => `${prefix}_${charactersFrom(randomBytes(LENGTH), LENGTH)}`;

/** The same parts give the same id. JSON keeps the parts apart. */
export const derivedId = (prefix: string, ...parts: readonly (string | number)[]): string =>
  `${prefix}_${charactersFrom(hashOf([prefix, ...parts]), LENGTH)}`;

/** Of what people wrote: made by the bridge's own key, since whoever reads the id could try texts against a plain one. */
type Fingerprint = (text: string) => Uint8Array;

interface NamedDecision {
  readonly approvalId: string;
  readonly revision: number;
  readonly principal: string;
  readonly request: DecideApproval;
  readonly idempotencyKey: string | undefined;
  readonly fingerprint: Fingerprint;
}

/** An edit moves the approval on to its next revision: the digest that was shown names the revision it was given on. */
export function decisionId(named: NamedDecision): string {
  const { approvalId, revision, principal, request, idempotencyKey, fingerprint } = named;
  const { force: _, digest, ...words } = request;
  // Undefined fields are no JSON.
  const said = JSON.parse(JSON.stringify(words)) as JsonValue;
  const content = charactersFrom(fingerprint(canonicalJson([approvalId, principal, digest ?? revision, said])), HALF);
  const key = charactersFrom(hashOf([approvalId, principal, idempotencyKey ?? { content }]), HALF);
  return `dec_${key}${content}`;
}

const KEY_END = 'dec_'.length + HALF;

/** Names words: the second half of a command's id. */
export const wordsId = (fingerprint: Fingerprint, name: string, words: string): string =>
  charactersFrom(fingerprint(canonicalJson(['words', name, words])), HALF);

/** Two decisions under one key, or one decision twice. */
export const hasSameKey = (one: string, other: string): boolean => one.slice(0, KEY_END) === other.slice(0, KEY_END);

/** Two decisions that say the same in every word. */
export const hasSameContent = (one: string, other: string): boolean => one.slice(KEY_END) === other.slice(KEY_END);
