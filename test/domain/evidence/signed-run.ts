/** A run in memory whose commands are really signed, and its export: as the system writes it, or as a forger would. */
import { createPrivateKey, sign } from 'node:crypto';
import type { CoreCommand } from '../../../src/domain/core/decide.ts';
import { COMMAND_TYPE, attestationOf } from '../../../src/domain/core/attestation.ts';
import type { Trust } from '../../../src/domain/core/attestation.ts';
import { digestOf } from '../../../src/domain/core/digest.ts';
import { chainHash, eventBody, genesisHash } from '../../../src/domain/evidence/chain.ts';
import type { CommandLine, EventLine, RunHeader } from '../../../src/domain/evidence/export-lines.ts';
import { ExportVerifier } from '../../../src/domain/evidence/verify-export.ts';
import type { VerifiedExport } from '../../../src/domain/evidence/verify-export.ts';
import type { Command, CommandClaims, StartCommand } from '../../../src/domain/schemas/command.ts';
import type { RunEvent } from '../../../src/domain/schemas/event.ts';
import { createSigningKeys, trustedKeys } from '../../../src/platform/signing-keys.ts';
import type { SigningKeys } from '../../../src/platform/signing-keys.ts';
import { verifySignature } from '../../../src/platform/verify-signature.ts';
import { RUN_ID, coreRun, digest, person, ref } from '../../support/core.ts';
import type { CoreRun, Signed } from '../../support/core.ts';

const SCOPE = { tenant: 'acme', project: 'web' };
const NOW_MS = 1_000_000;

export const keys = await createSigningKeys(NOW_MS);
export const trust: Trust = { ...trustedKeys(keys), verify: verifySignature };

/** As the bridge signs, at once. */
export const signedBy = (
  { key, audience, certificate }: SigningKeys,
  command: Command,
  { actor = person('anna'), channel = 'api', attestedAt = NOW_MS, signatureId = 'jti' }: Signed,
): { readonly line: CommandLine; readonly claims: CommandClaims } => {
  const bytes = JSON.stringify(command);
  const claims: CommandClaims = {
    typ: COMMAND_TYPE,
    aud: audience,
    ...SCOPE,
    runId: RUN_ID,
    commandDigest: digestOf(bytes),
    actor: { ...actor, authTime: attestedAt },
    channel,
    iat: attestedAt,
    jti: signatureId,
  };
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const message = `${part({ alg: 'EdDSA', cert: certificate })}.${part(claims)}`;
  const signature = sign(null, Buffer.from(message), createPrivateKey({ key, format: 'jwk' })).toString('base64url');
  const line: CommandLine = { type: 'command', runId: RUN_ID, signatureId, bytes, jws: `${message}.${signature}` };
  return { line, claims };
};

const START: StartCommand = {
  type: 'start',
  ...SCOPE,
  runId: RUN_ID,
  agent: 'helper',
  agentDigest: digest('agent'),
  policyDigest: digest('policy'),
  requester: { principal: 'rita', groups: [] },
  inputRef: ref('input'),
  salt: '0'.repeat(32),
};

export interface Forgery {
  /** Changes what happened; the chain is made anew around it. */
  readonly events?: (events: readonly RunEvent[]) => readonly RunEvent[];
  readonly commands?: (commands: readonly CommandLine[]) => readonly CommandLine[];
  /** Changes the finished file. */
  readonly lines?: (lines: readonly string[]) => readonly string[];
}

export interface SignedRun extends CoreRun {
  export(forgery?: Forgery): readonly string[];
  verify(forgery?: Forgery): VerifiedExport['report'];
}

/** Events that a forger has not touched keep the numbers that the workflow gave them. */
const chained = (events: readonly RunEvent[], told: readonly RunEvent[]): readonly EventLine[] => {
  let prevHash = genesisHash(RUN_ID);
  let ordinal = 0;
  return events.map((event, index) => {
    const seq = index + 1;
    ordinal = told.indexOf(event) + 1 || ordinal + 1;
    const body = eventBody(RUN_ID, { runId: RUN_ID, origin: 'workflow', ordinal, ...event });
    const hash = chainHash(prevHash, seq, body);
    const line: EventLine = { type: 'event', seq, prevHash, hash, body: new TextDecoder().decode(body) };
    prevHash = hash;
    return line;
  });
};

export const verifyLines = (lines: readonly string[]): VerifiedExport['report'] => {
  const verifier = new ExportVerifier({ trust });
  for (const line of lines) verifier.line(line);
  return verifier.finish().report;
};

export const signedRun = (): SignedRun => {
  const run = coreRun();
  const { apply } = run;
  const commands = [signedBy(keys, START, { actor: person('rita'), signatureId: 'jti-start' }).line];
  const signedCommand = (command: CoreCommand): CoreCommand => {
    if (!('given' in command) || !command.given.command) return command;
    const { command: inner, ...by } = command.given;
    const { line, claims } = signedBy(keys, inner, by);
    commands.push(line);
    return { ...command, given: { ...command.given, ...attestationOf(claims) } } as CoreCommand;
  };
  const signed = Object.assign(run, {
    apply: (command: CoreCommand) => apply(signedCommand(command)),
    export({ events = (all) => all, commands: change = (all) => all, lines = (all) => all }: Forgery = {}) {
      const eventLines = chained(events(run.events), run.events);
      const commandLines = change(commands);
      const { seq, hash } = eventLines.at(-1) ?? { seq: 0, hash: genesisHash(RUN_ID) };
      const header: RunHeader = {
        type: 'header',
        v: 1,
        kind: 'run',
        ...SCOPE,
        rootRunId: RUN_ID,
        head: { seq, hash },
        exportedAt: run.now,
      };
      const end = { type: 'end', events: eventLines.length, commands: commandLines.length };
      return lines([header, ...eventLines, ...commandLines, end].map((line) => JSON.stringify(line)));
    },
    verify: (forgery?: Forgery) => verifyLines(signed.export(forgery)),
  });
  return signed;
};
