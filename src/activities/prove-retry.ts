/** Whether an operator has ordered this call to be tried again, after the very attempt whose outcome nobody knows. */
import { verifyCommand } from '../domain/core/attestation.ts';
import { effectKey } from '../domain/core/ids.ts';
import { ResolveCommand } from '../domain/schemas/command.ts';
import { verifySignature } from '../platform/verify-signature.ts';
import type { StepDependencies } from './dependencies.ts';
import { refused } from './refused.ts';
import type { Refused } from './refused.ts';
import type { Subject } from './subject.ts';

type Retry = { readonly type: 'retry'; readonly epoch?: number };

const unproven = (code: string): Refused =>
  refused(code, 'The order to try this call again does not hold for this attempt.');

export const proveRetry = ({ trust }: StepDependencies, { run, input }: Subject): Retry | Refused => {
  if (!input.retry) return { type: 'retry' };
  const attested = verifyCommand(input.retry, { ...trust, verify: verifySignature }, run.start);
  if (!attested.ok) return unproven(`retry_${attested.code}`);
  const command = ResolveCommand.safeParse(attested.command);
  if (!command.success || command.data.resolution !== 'retry') return unproven('retry_not_ordered');
  if (attested.claims.actor.kind !== 'person') return unproven('retry_not_ordered');
  const { toolCallId, effectKey: key, digest, epoch } = command.data;
  const isThis =
    toolCallId === input.toolCallId &&
    key === effectKey(run.start.runId, input.toolCallId, input.revision) &&
    digest === input.digest;
  if (!isThis || epoch < 1) return unproven('retry_of_another_attempt');
  return { type: 'retry', epoch: epoch + 1 };
};
