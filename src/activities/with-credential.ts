/** Gets the secret that a proven call uses. It lives for that call only: no record, log or history ever holds it. */
import { ApplicationFailure } from '@temporalio/activity';
import { isUsable } from '../adapters/credentials/credential-provider.ts';
import type { ResolvedCredential } from '../adapters/credentials/credential-provider.ts';
import type { StartCommand } from '../domain/schemas/command.ts';
import type { StepDependencies } from './dependencies.ts';
import type { ProvenCall } from './prove-dispatch.ts';
import { refused } from './refused.ts';
import type { Refused } from './refused.ts';

/** A proven call with the secret that it uses, where it uses one. */
export interface ReadyCall extends ProvenCall {
  readonly credential?: ResolvedCredential;
}

/** Before the effect is reserved: a provider that is down is asked again, and what it lacks parks the call. */
export const withCredential = async (
  { credentials, logger }: Pick<StepDependencies, 'credentials' | 'logger'>,
  { tenant, project, runId, requester }: StartCommand,
  call: ProvenCall,
  signal: AbortSignal,
): Promise<ReadyCall | Refused> => {
  const { credentialRef: reference } = call;
  if (reference === undefined) return call;
  let value: string | undefined;
  try {
    value = await credentials.resolve({ tenant, project, principal: requester.principal, reference }, signal);
  } catch (error) {
    // What it says may quote what it read.
    const code = error instanceof Error ? error.name : 'unknown';
    logger.warn({ runId, reference, code }, 'credential.resolve_failed');
    throw ApplicationFailure.retryable('The provider of credentials does not answer.', 'credentials_unavailable');
  }
  if (value === undefined)
    return refused('credential_missing', `There is no credential ${reference} for who asked for this run.`);
  if (!isUsable(value)) return refused('credential_unusable', `The credential ${reference} is too short or too long.`);
  return { ...call, credential: { reference, value } };
};
