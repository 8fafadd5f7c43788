/** Signs what a person commands, and keeps it with its words before anything refers to it. */
import type { WorkflowAddress } from '../../domain/core/ids.ts';
import type { Command, SignedCommand } from '../../domain/schemas/command.ts';
import type { NewBlob } from '../../store/blobs.ts';
import { recordCommand } from '../../store/commands.ts';
import type { Api, Caller } from '../dependencies.ts';
import { signatureIdOf } from './signature-id.ts';

export interface GivenCommand {
  readonly caller: Caller;
  readonly address: WorkflowAddress;
  readonly command: Command;
  readonly nowMs: number;
  /** It puts words or values into the run: whoever gave it counts as its contributor. */
  readonly contributes: boolean;
  readonly blobs: readonly NewBlob[];
}

export const signCommand = (
  api: Api,
  { caller, address, command, nowMs }: Pick<GivenCommand, 'caller' | 'address' | 'command' | 'nowMs'>,
): Promise<SignedCommand> =>
  api.signer.sign(command, {
    tenant: address.tenant,
    project: address.project,
    actor: caller.actor,
    authTime: caller.authenticatedAtMs,
    channel: caller.channel,
    nowMs,
  });

/** One statement: the command and its blobs are there together, or neither is. */
export async function signAndRecord(api: Api, given: GivenCommand): Promise<SignedCommand> {
  const { caller, address, command, nowMs, contributes, blobs } = given;
  const signed = await signCommand(api, given);
  const record = {
    tenant: address.tenant,
    project: address.project,
    runId: address.runId,
    type: command.type,
    principal: caller.actor.principal,
    iat: nowMs,
    signatureId: signatureIdOf(signed),
    contributes,
    signed,
  };
  await recordCommand(api.store, record, blobs);
  return signed;
}
