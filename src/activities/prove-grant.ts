/**
 * Whether a grant covers this call: its signed command binds it, the row says that it is live, and where a decision made
 * it, the votes on that decision are counted again. A use is taken when the effect is reserved.
 */
import { LRUCache } from 'lru-cache';
import { verifyCommand } from '../domain/core/attestation.ts';
import { coversArguments } from '../domain/grants/constraints.ts';
import { GrantCommand } from '../domain/schemas/command.ts';
import { verifySignature } from '../platform/verify-signature.ts';
import { readBlobs } from '../store/blobs.ts';
import { getGrant } from '../store/grants.ts';
import type { GrantRow } from '../store/grants.ts';
import { askNow } from './ask-now.ts';
import { isGrantFor, isWithin } from './grant-binding.ts';
import { grantDecisionFault } from './prove-grant-decision.ts';
import type { Prover } from './prover.ts';
import { refused } from './refused.ts';
import type { Refused } from './refused.ts';
import { digestUnder } from './subject.ts';
import type { Subject } from './subject.ts';

interface VerifiedGrant {
  readonly command: GrantCommand;
  readonly grantedAt: number;
  readonly grantor: string;
}

/** Proofs that hold for good, by grant and signature: whether it is live is asked each time. */
const proven = new LRUCache<string, true>({ max: 10_000 });

const runIn = (bytes: string): unknown => {
  try {
    return (JSON.parse(bytes) as { readonly runId?: unknown } | null)?.runId;
  } catch {
    return undefined;
  }
};

const verifyGrant = ({ dependencies }: Prover, { run }: Subject, row: GrantRow): VerifiedGrant | string => {
  const { tenant, project } = run.start;
  const trust = { ...dependencies.trust, verify: verifySignature };
  // One that an operator made names no run.
  const attested = verifyCommand(row.signed, trust, { tenant, project, runId: runIn(row.signed.bytes) as string });
  if (!attested.ok) return `grant_${attested.code}`;
  const command = GrantCommand.safeParse(attested.command);
  if (!command.success || command.data.grantId !== row.grantId) return 'grant_malformed';
  // The ledger counts by the row.
  const { maxUses, expiresAt } = command.data;
  if (row.maxUses !== maxUses || row.expiresAt !== expiresAt) return 'grant_altered';
  if (attested.claims.actor.kind !== 'person') return 'grant_not_by_a_person';
  return { command: command.data, grantedAt: attested.claims.iat, grantor: attested.claims.actor.principal };
};

const covers = async (
  { dependencies }: Prover,
  { run, context, current, pinned, arguments: args, nowMs }: Subject,
  { command, grantedAt }: VerifiedGrant,
): Promise<boolean> => {
  const limits = [pinned.grantable, current.grantable];
  if (!limits.every((limit) => limit && isWithin(limit, command, grantedAt))) return false;
  if (!isGrantFor(command, run.start, context.tool, nowMs)) return false;
  const { sha256 } = command.constraintsRef;
  const content = await readBlobs(dependencies.store, run.start.tenant, [sha256]);
  return coversArguments(content.get(sha256), args);
};

export const proveGrant = async (prover: Prover, subject: Subject): Promise<Refused | undefined> => {
  const { run, input, pinned } = subject;
  if (pinned.effect !== 'ask') return refused('not_asked', 'No grant is needed for this call.');
  if (digestUnder(subject, pinned) !== input.digest)
    return refused('digest_mismatch', 'What would run is not what was judged.');
  const ask = (code: string): Refused => askNow(subject, code, 'No grant covers this call: it needs consent.');
  if (input.grantId === undefined) return ask('grant_missing');
  const row = await getGrant(prover.dependencies.store, run.start, input.grantId);
  if (!row) return ask('grant_missing');
  const grant = verifyGrant(prover, subject, row);
  if (typeof grant === 'string') return ask(grant);
  const isLive = subject.isPast || (row.state === 'live' && row.revokedAt === null);
  if (!isLive || !(await covers(prover, subject, grant))) return ask('grant_unusable');
  const { runId } = grant.command;
  if (runId === undefined || proven.has(row.signed.jws)) return undefined;
  const fault = await grantDecisionFault(prover, run.start, { ...grant.command, runId }, grant.grantor);
  if (fault) return ask(fault);
  proven.set(row.signed.jws, true);
  return undefined;
};
