/** What people type, read. A value that cannot be right is refused before anything is asked of the API. */
import { InvalidArgumentError } from 'commander';
import type { ApprovalAddress } from '../client/index.ts';
import type { JsonValue } from '../domain/arguments/json-value.ts';
import { parseStrictJson } from '../domain/arguments/parse-strict-json.ts';
import { parseApprovalId } from '../domain/core/ids.ts';
import { durationSchema } from '../domain/policy/duration.ts';
import { parseStatePath } from '../domain/state/state-path.ts';
import type { StateEdit } from '../domain/state/apply-state-edits.ts';
import { ApprovalKey, Digest, RunId, ToolCallId } from '../domain/schemas/names.ts';

export const runIdArgument = (text: string): string => {
  if (RunId.safeParse(text).success) return text;
  throw new InvalidArgumentError('It is not the id of a run (run_…).');
};

/** An approval's id, or `<run id>/<key>` as lists show it; undefined where it is neither. */
export function readApproval(text: string): ApprovalAddress | undefined {
  const [runId = '', key = '', ...rest] = text.split('/');
  if (rest.length === 0 && RunId.safeParse(runId).success && ApprovalKey.safeParse(key).success) return { runId, key };
  return parseApprovalId(text);
}

export const approvalArgument = (text: string): ApprovalAddress => {
  const address = readApproval(text);
  if (address) return address;
  throw new InvalidArgumentError('It is not an approval: <run id>/<key> or its whole id.');
};

export const callArgument = (text: string): string => {
  if (ToolCallId.safeParse(text).success) return text;
  throw new InvalidArgumentError('It is not a call of a run (call_2_0).');
};

/** `8h`: checked, and sent as it is. */
export const durationArgument = (text: string): string => {
  if (durationSchema.safeParse(text).success) return text;
  throw new InvalidArgumentError('A duration is a whole number and a unit: ms, s, m, h or d, like 8h.');
};

export const minutesArgument = (text: string): number => {
  const { data: spanMs } = durationSchema.safeParse(text);
  if (spanMs !== undefined && spanMs % 60_000 === 0) return spanMs / 60_000;
  throw new InvalidArgumentError('It must be a time in whole minutes, like 30m.');
};

/** RFC 3339, or without a zone the reader's own. */
export const timeArgument = (text: string): string => {
  const timeMs = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(timeMs)) return new Date(timeMs).toISOString();
  throw new InvalidArgumentError('It is not a time, like 2026-03-14T18:00:00Z or "2026-03-14 18:00".');
};

/** JSON that means the same to every reader. */
export const jsonArgument = (text: string): JsonValue => {
  const parsed = parseStrictJson(text);
  if (parsed.ok) return parsed.value;
  throw new InvalidArgumentError(parsed.fault.message);
};

/** `path=value`: a value that is no JSON is text. */
export const placeArgument = (text: string, previous: readonly StateEdit[] = []): readonly StateEdit[] => {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('It must be path=value, like customer.tier=gold.');
  const path = text.slice(0, at);
  const segments = parseStatePath(path);
  if (!segments.ok) throw new InvalidArgumentError(`The path ${segments.message}.`);
  const written = text.slice(at + 1);
  const parsed = parseStrictJson(written);
  // Numbers and the like that two programs would read differently are no text that somebody meant.
  if (!parsed.ok && parsed.fault.code !== 'malformed_json') throw new InvalidArgumentError(parsed.fault.message);
  return [...previous, { path, value: parsed.ok ? parsed.value : written }];
};

/** A key's id, or how the key begins: never the whole key, which other users would see. */
export const keyArgument = (text: string): string => {
  const id = /^(?:cs_)?([a-z2-7]{16})$/.exec(text)?.[1];
  if (id !== undefined) return id;
  throw new InvalidArgumentError('It is not the id of a key, nor how one begins (cs_…).');
};

/** For options that may be repeated. */
export const collect = (text: string, previous: readonly string[] = []): readonly string[] => [...previous, text];

export const digestArgument = (text: string): string => {
  if (Digest.safeParse(text).success) return text;
  throw new InvalidArgumentError('It is not a digest: sha256: and 64 hex digits.');
};

export const countArgument = (text: string): number => {
  const value = Number(text);
  if (/^\d{1,9}$/.test(text) && value > 0) return value;
  throw new InvalidArgumentError('It must be a whole number above 0.');
};

export const epochArgument = (text: string): number => {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be the number of an attempt.');
};

export const sequenceArgument = (text: string): number => {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be the number of an event.');
};

export const portArgument = (text: string): number => {
  const value = Number(text);
  if (/^\d{1,5}$/.test(text) && value > 0 && value < 65_536) return value;
  throw new InvalidArgumentError('It must be a port number.');
};
