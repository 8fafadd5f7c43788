/** SHA-256 in pure JavaScript, so that bridge, gate, browser and workflow sandbox compute the same. */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';

/** 64 hex digits. Text is hashed as UTF-8. */
export const sha256Hex = (data: string | Uint8Array): string =>
  bytesToHex(sha256(typeof data === 'string' ? utf8ToBytes(data) : data));

/** `sha256:` and 64 hex digits: the form in which digests of definitions, policies, commands and calls travel. */
export const digestOf = (data: string | Uint8Array): string => `sha256:${sha256Hex(data)}`;

/** Raw SHA-256, for ids. */
export const sha256Bytes = (text: string): Uint8Array => sha256(utf8ToBytes(text));
