/** What people type, read. A value that cannot be right is refused before anything is asked of the API. */
import { InvalidArgumentError } from 'commander';
import type { ApprovalAddress } from '../client/index.ts';
import { parseApprovalId } from '../domain/core/ids.ts';
import { ApprovalKey, Digest, RunId } from '../domain/schemas/names.ts';

export const runIdArgument = (text: string): string => {
  if (RunId.safeParse(text).success) return text;
  throw new InvalidArgumentError('It is not the id of a run (run_…).');
};

/** An approval's id, or `<run id>/<key>` as lists show it. */
export const approvalArgument = (text: string): ApprovalAddress => {
  const [runId = '', key = '', ...rest] = text.split('/');
  if (rest.length === 0 && RunId.safeParse(runId).success && ApprovalKey.safeParse(key).success) return { runId, key };
  const parsed = parseApprovalId(text);
  if (parsed) return parsed;
  throw new InvalidArgumentError('It is not an approval: <run id>/<key> or its whole id.');
};

export const digestArgument = (text: string): string => {
  if (Digest.safeParse(text).success) return text;
  throw new InvalidArgumentError('It is not a digest: sha256: and 64 hex digits.');
};

export const countArgument = (text: string): number => {
  const value = Number(text);
  if (/^\d{1,9}$/.test(text) && value > 0) return value;
  throw new InvalidArgumentError('It must be a whole number above 0.');
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
