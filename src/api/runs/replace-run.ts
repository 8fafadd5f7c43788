/**
 * A run that takes the place of another: the cancel of the old one is signed beforehand and kept in the transaction that
 * creates the new one, so that whoever dies in between, the reconciler sends it.
 */
import { isWithinReach, reachOf } from '../../domain/authorise.ts';
import type { CancelCommand } from '../../domain/schemas/command.ts';
import type { CommandRecord } from '../../store/commands.ts';
import { derivedId } from '../decisions/decision-id.ts';
import { signCommand } from '../decisions/sign-and-record.ts';
import { signatureIdOf } from '../decisions/signature-id.ts';
import type { Api, Caller } from '../dependencies.ts';
import { HttpProblem } from '../http-problem.ts';

/** The unfinished run of a conversation. */
export interface BusyWith {
  readonly runId: string;
  readonly requester: string;
}

export type Replacement = CommandRecord & { readonly runId: string };

const mayCancel = ({ roles, actor }: Caller, { requester }: BusyWith): boolean => {
  const reach = reachOf(roles, 'run.cancel');
  return reach !== undefined && isWithinReach(reach, actor.principal, requester);
};

/** Names the run that is in the way to those who may see it. */
export const conversationBusy = ({ roles, actor }: Caller, { runId, requester }: BusyWith): HttpProblem => {
  const reach = reachOf(roles, 'run.read');
  const isVisible = reach !== undefined && isWithinReach(reach, actor.principal, requester);
  return new HttpProblem('conversation_busy', isVisible ? { extras: { runId } } : {});
};

/** The cancel that the old run gets. Throws where the caller may not cancel it. */
export async function prepareReplacement(
  api: Api,
  caller: Caller,
  busy: BusyWith,
  given: { readonly runId: string; readonly nowMs: number },
): Promise<Replacement> {
  if (!mayCancel(caller, busy)) throw conversationBusy(caller, busy);
  const { tenant, project } = caller.scope;
  const address = { tenant, project, runId: busy.runId };
  const command: CancelCommand = {
    type: 'cancel',
    runId: busy.runId,
    commandId: derivedId('cmd', busy.runId, 'replaced_by', given.runId),
    replacedBy: given.runId,
  };
  const signed = await signCommand(api, { caller, address, command, nowMs: given.nowMs });
  return {
    ...address,
    type: 'cancel',
    principal: caller.actor.principal,
    iat: given.nowMs,
    signatureId: signatureIdOf(signed),
    contributes: false,
    signed,
  };
}

type SentCancel = Pick<Replacement, 'tenant' | 'project' | 'runId' | 'signed'>;

/** Not waited for: the old run has lost its place, and the reconciler repeats what does not arrive. */
export function sendCancel(api: Api, { tenant, project, runId, signed }: SentCancel): void {
  const sent = api.gateway.command({ tenant, project, runId }, 'cancel', signed);
  sent.catch((error: unknown) => api.logger.warn({ err: error, runId }, 'run.cancel_deferred'));
}
