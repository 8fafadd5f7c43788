/**
 * The file that an audit export is: JSON Lines. A header, one line an event with the exact bytes that were hashed, the
 * signed commands that events refer to, and an end that says how many there were: without it the file was cut off.
 */
import { z } from 'zod';
import { EpochMs, RunId, ScopeName } from '../schemas/names.ts';

export const EXPORT_VERSION = 1;

const Hash = z.string().regex(/^[0-9a-f]{64}$/);
const Seq = z.number().int().positive();

const Head = z.object({ seq: z.number().int().nonnegative(), hash: Hash });

const RunHeader = z.object({
  type: z.literal('header'),
  v: z.literal(EXPORT_VERSION),
  kind: z.literal('run'),
  tenant: ScopeName,
  project: ScopeName,
  rootRunId: RunId,
  /** Of the chain when the export began. */
  head: Head,
  exportedAt: EpochMs,
});
export type RunHeader = z.infer<typeof RunHeader>;

const TenantHeader = z.object({
  type: z.literal('header'),
  v: z.literal(EXPORT_VERSION),
  kind: z.literal('tenant'),
  tenant: ScopeName,
  head: Head,
  exportedAt: EpochMs,
});
export type TenantHeader = z.infer<typeof TenantHeader>;

export const ExportHeader = z.discriminatedUnion('kind', [RunHeader, TenantHeader]);
export type ExportHeader = z.infer<typeof ExportHeader>;

/** `body` is the hashed text itself, not what it parses to: nothing has to be made canonical again to check it. */
const EventLine = z.object({ type: z.literal('event'), seq: Seq, prevHash: Hash, hash: Hash, body: z.string() });
export type EventLine = z.infer<typeof EventLine>;

const CommandLine = z.object({
  type: z.literal('command'),
  /** Absent where the command belongs to no run. */
  runId: RunId.optional(),
  signatureId: z.string(),
  bytes: z.string(),
  jws: z.string(),
});
export type CommandLine = z.infer<typeof CommandLine>;

const EndLine = z.object({
  type: z.literal('end'),
  events: z.number().int().nonnegative(),
  commands: z.number().int().nonnegative(),
});
export type EndLine = z.infer<typeof EndLine>;

const ExportLine = z.union([ExportHeader, EventLine, CommandLine, EndLine]);
export type ExportLine = z.infer<typeof ExportLine>;

/** Undefined where the text is no line of an export. */
export const parseExportLine = (text: string): ExportLine | undefined => {
  try {
    return ExportLine.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
};
