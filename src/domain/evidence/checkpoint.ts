/**
 * A checkpoint says how far chains had come at a time: signed by the bridge and kept where nobody with access to the
 * database can change it. A chain that was cut off or made anew since does not fit it.
 */
import { z } from 'zod';
import { verifySigned } from '../core/attestation.ts';
import type { Trust } from '../core/attestation.ts';
import { EpochMs, RunId, ScopeName } from '../schemas/names.ts';
import type { Findings } from './report.ts';
import { timeOf } from './marks.ts';
import type { Marks } from './marks.ts';

export const CHECKPOINT_TYPE = 'countersign.checkpoint/v1';

const Place = { seq: z.number().int().nonnegative(), hash: z.string().regex(/^[0-9a-f]{64}$/) };

export const Checkpoint = z.object({
  typ: z.literal(CHECKPOINT_TYPE),
  v: z.literal(1),
  aud: z.string(),
  tenant: ScopeName,
  at: EpochMs,
  /** The tenant's own chain. */
  audit: z.object(Place),
  /** Root runs that something has happened in since the checkpoint before. */
  runs: z.array(z.object({ rootRunId: RunId, ...Place })),
});
export type Checkpoint = z.infer<typeof Checkpoint>;

/** Puts what one line of a file of checkpoints says, a compact JWS, among the marks. */
export const readCheckpoint = (
  compact: string,
  lineNumber: number,
  { trust, marks, faults }: { readonly trust: Trust; readonly marks: Marks; readonly faults: Findings },
): Checkpoint | undefined => {
  const answer = verifySigned(compact, trust);
  const parsed = answer.ok ? Checkpoint.safeParse(answer.payload) : undefined;
  if (!parsed?.success) {
    const why = answer.ok ? 'it is no checkpoint' : answer.code;
    faults.add('bad_checkpoint', `line ${lineNumber} of the checkpoints: ${why}`);
    return undefined;
  }
  const { tenant, at, audit, runs } = parsed.data;
  const by = `the checkpoint of ${timeOf(at)}`;
  marks.ofTenant(tenant, audit.seq, { hash: audit.hash, at, by }, faults);
  for (const { rootRunId, seq, hash } of runs) marks.ofRun(tenant, rootRunId, seq, { hash, at, by }, faults);
  return parsed.data;
};
