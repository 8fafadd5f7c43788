/** The signed commands of an export: each verified once, and held against what events say of it. */
import { canonicalJson } from '../arguments/canonical-json.ts';
import type { JsonValue } from '../arguments/json-value.ts';
import { attestationOf, verifyCommand } from '../core/attestation.ts';
import type { Trust } from '../core/attestation.ts';
import { fromBase64Url } from '../core/base64url.ts';
import { digestOf } from '../core/digest.ts';
import { Command, CommandClaims } from '../schemas/command.ts';
import type { CommandLine, RunHeader } from './export-lines.ts';
import type { Findings } from './report.ts';

export interface CheckedCommand {
  readonly command: Command;
  readonly claims: CommandClaims;
  /** Signed by a trusted key; where none was named, nobody knows. */
  readonly isVerified: boolean;
  readonly line: CommandLine;
}

/** Values of JSON are equal whatever the order of their fields; absent and undefined are the same. */
export const isSame = (one: unknown, other: unknown): boolean => {
  if (one === undefined || other === undefined) return one === other;
  try {
    const [a, b] = [one, other].map((value) => canonicalJson(JSON.parse(JSON.stringify(value)) as JsonValue));
    return a === b;
  } catch {
    return false;
  }
};

const claimsOf = (jws: string): CommandClaims | undefined => {
  const payload = fromBase64Url(jws.split('.')[1] ?? '');
  if (!payload) return undefined;
  try {
    return CommandClaims.safeParse(JSON.parse(new TextDecoder().decode(payload))).data;
  } catch {
    return undefined;
  }
};

const commandOf = (bytes: string): Command | undefined => {
  try {
    return Command.safeParse(JSON.parse(bytes)).data;
  } catch {
    return undefined;
  }
};

/** All commands of a file by the id of their signature. What is wrong with one is a finding, and it counts for nothing. */
export const checkCommands = (
  header: RunHeader,
  lines: readonly CommandLine[],
  trust: Trust | undefined,
  faults: Findings,
): ReadonlyMap<string, CheckedCommand> => {
  const checked = new Map<string, CheckedCommand>();
  for (const line of lines) {
    const fault = (code: string, detail: string) => faults.add(code, `command ${line.signatureId}: ${detail}`);
    const claims = claimsOf(line.jws);
    const command = commandOf(line.bytes);
    if (!claims || !command) {
      fault('malformed_command', 'it is not a signed command');
      continue;
    }
    if (claims.jti !== line.signatureId) {
      fault('signature_mismatch', `the signature is that of ${claims.jti}`);
      continue;
    }
    if (claims.commandDigest !== digestOf(line.bytes)) {
      fault('altered_command', 'the signature is of other bytes');
      continue;
    }
    if (checked.has(line.signatureId)) {
      fault('signature_reused', 'it is in the file twice');
      continue;
    }
    const { tenant, project } = header;
    // A command may belong to no run: then its signature names none.
    const run = { tenant, project, runId: line.runId as string };
    const answer = trust && verifyCommand(line, trust, run);
    if (answer && !answer.ok) {
      fault('bad_signature', answer.code);
      continue;
    }
    checked.set(line.signatureId, { command, claims, isVerified: answer !== undefined, line });
  }
  return checked;
};

/** Who an event says gave the command, against who signed it. */
export const actorFault = (
  { claims }: CheckedCommand,
  said: { readonly actor?: unknown; readonly channel?: unknown },
): string | undefined => {
  const { actor, channel } = attestationOf(claims);
  if (!isSame(actor, said.actor)) return `the event names another actor than the signature, ${actor.principal}`;
  return channel === said.channel ? undefined : `the event names another channel than the signature, ${channel}`;
};
