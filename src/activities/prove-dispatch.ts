/**
 * The gate's proof: may this call run? Nothing is taken from the step's arguments that the store or a signature does not
 * bear out, and each reason why a call may run has its own proof.
 */
import type { Tool } from '../adapters/tools/tool.ts';
import type { JsonValue } from '../domain/arguments/canonical-json.ts';
import type { RunToolInput } from '../domain/schemas/step.ts';
import { askNow } from './ask-now.ts';
import type { PinnedRun } from './pinned-run.ts';
import { PROVEN } from './proof.ts';
import type { Proof } from './proof.ts';
import type { Prover } from './prover.ts';
import { proveConsent } from './prove-consent.ts';
import { proveExpiry } from './prove-expiry.ts';
import { proveGrant } from './prove-grant.ts';
import { proveRetry } from './prove-retry.ts';
import { refused } from './refused.ts';
import type { Refused } from './refused.ts';
import type { HeldSlot } from './slot.ts';
import { digestUnder, openSubject } from './subject.ts';
import type { Subject } from './subject.ts';

export interface ProvenCall {
  readonly type: 'proven';
  readonly tool: Tool;
  /** Frozen: exactly what was digested. */
  readonly arguments: JsonValue;
  readonly digest: string;
  /** The secret that it uses, by its pinned name. */
  readonly credentialRef?: string;
  /** The grant of which a use is taken. */
  readonly grantId?: string;
  /** Epoch milliseconds: consent has run out from then on. */
  readonly executeBy?: number;
  /** The epoch under which an operator has ordered another try. */
  readonly retryEpoch?: number;
  /** Where people have to be asked after all: the grant is used up by the time that it is taken. */
  readonly askInstead: () => Refused;
}

const proveRule = (subject: Subject): Refused | undefined => {
  const { pinned, current, input } = subject;
  if (pinned.effect !== 'allow') return refused('not_allowed_by_rule', 'No rule allows this call without consent.');
  if (digestUnder(subject, pinned) !== input.digest)
    return refused('digest_mismatch', 'What would run is not what was judged.');
  return current.effect === 'ask'
    ? askNow(subject, 'policy_changed', 'Policy has changed since: this call needs consent now.')
    : undefined;
};

/** Whether the reason why it may run holds. */
export const proveBasis = async (prover: Prover, subject: Subject): Promise<Refused | Proof> => {
  switch (subject.input.basis) {
    case 'rule':
      return proveRule(subject) ?? PROVEN;
    case 'consent':
      return proveConsent(prover.dependencies, subject);
    case 'grant':
      return (await proveGrant(prover, subject)) ?? PROVEN;
    case 'expiry':
      return (await proveExpiry(prover.dependencies, subject)) ?? PROVEN;
  }
};

export const proveDispatch = async (
  prover: Prover,
  run: PinnedRun,
  input: RunToolInput,
  slot?: HeldSlot,
): Promise<ProvenCall | Refused> => {
  const subject = await openSubject(prover.dependencies, prover.policies, run, input, slot);
  if (subject.type === 'refused') return subject;
  const { pinned, current, tool } = subject;
  if (pinned.effect === 'deny' || current.effect === 'deny')
    return refused('policy_denied', `Policy denies this call. ${current.reason}`, 'deny');
  const proof = await proveBasis(prover, subject);
  if (proof.type === 'refused') return proof;
  const retry = proveRetry(prover.dependencies, subject);
  if (retry.type === 'refused') return retry;
  const { grantId, basis, digest } = input;
  // As the run was started: the worker's own may name another by now.
  const { credentialRef } = subject.context.tool;
  return {
    type: 'proven',
    tool,
    arguments: subject.arguments,
    digest,
    ...(credentialRef !== undefined && { credentialRef }),
    ...(basis === 'grant' && grantId !== undefined && { grantId }),
    ...(proof.executeBy !== undefined && { executeBy: proof.executeBy }),
    ...(retry.epoch !== undefined && { retryEpoch: retry.epoch }),
    askInstead: () => askNow(subject, 'grant_unusable', 'The grant is used up, revoked or past its end.'),
  };
};
