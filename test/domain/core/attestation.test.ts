import { ed25519 } from '@noble/curves/ed25519.js';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { verifyCommand } from '../../../src/domain/core/attestation.ts';
import type { Trust } from '../../../src/domain/core/attestation.ts';
import type { SignedCommand } from '../../../src/domain/schemas/command.ts';
import { createCommandSigner } from '../../../src/gateway/sign-command.ts';
import { createSigningKeys, trustedKeys } from '../../../src/platform/signing-keys.ts';
import type { SigningKeys } from '../../../src/platform/signing-keys.ts';
import { verifySignature } from '../../../src/platform/verify-signature.ts';
import { RUN_ID, digest, person } from '../../support/core.ts';

const NOW = 1_800_000_000_000;
const run = { tenant: 'acme', project: 'web', runId: RUN_ID };
const command = {
  type: 'decide',
  runId: RUN_ID,
  approvalId: `tool-approval:${RUN_ID}:call_1_0`,
  revision: 1,
  decisionId: 'd1',
  decision: 'approve',
  digest: digest('x'),
} as const;
const context = { ...run, actor: person('anna', ['finance']), authTime: NOW, channel: 'api', nowMs: NOW } as const;

let keys: SigningKeys;
let signed: SignedCommand;
let trust: Trust;

beforeAll(async () => {
  keys = await createSigningKeys(NOW);
  signed = await (await createCommandSigner(keys)).sign(command, context);
  trust = { ...trustedKeys(keys), verify: ed25519.verify };
});

const fault = (given: SignedCommand, change: Partial<Trust> = {}, address = run) => {
  const answer = verifyCommand(given, { ...trust, ...change }, address);
  return answer.ok ? 'ok' : answer.code;
};

describe('signed commands', () => {
  test('verify in pure JavaScript and by OpenSSL alike, with actor and channel', () => {
    for (const verify of [ed25519.verify, verifySignature])
      expect(verifyCommand(signed, { ...trust, verify }, run)).toMatchObject({
        ok: true,
        command,
        claims: {
          actor: { principal: 'anna', kind: 'person', groups: ['finance'] },
          channel: 'api',
          shownDigest: digest('x'),
        },
      });
  });

  test('B1 any changed character of the command is noticed', () => {
    fc.assert(
      fc.property(fc.nat(signed.bytes.length - 1), fc.string({ minLength: 1, maxLength: 1 }), (at, character) => {
        const bytes = signed.bytes.slice(0, at) + character + signed.bytes.slice(at + 1);
        fc.pre(bytes !== signed.bytes);
        expect(fault({ ...signed, bytes })).not.toBe('ok');
      }),
    );
  });

  test('B1 any changed character of the signature is noticed', () => {
    fc.assert(
      fc.property(fc.nat(signed.jws.length - 1), fc.constantFrom(...'AZaz09-_.'), (at, character) => {
        const jws = signed.jws.slice(0, at) + character + signed.jws.slice(at + 1);
        fc.pre(jws !== signed.jws);
        expect(fault({ ...signed, jws }, { verify: verifySignature })).not.toBe('ok');
      }),
    );
  });

  test('a command for another run, tenant, project or deployment is worth nothing', () => {
    expect(fault(signed, {}, { ...run, runId: `run_${'b'.repeat(26)}` })).toBe('wrong_run');
    expect(fault(signed, {}, { ...run, tenant: 'other' })).toBe('wrong_run');
    expect(fault(signed, {}, { ...run, project: 'other' })).toBe('wrong_run');
    expect(fault(signed, { audience: 'countersign:other' })).toBe('wrong_audience');
  });

  test('a key that no pinned anchor certified is not trusted', async () => {
    const other = await createSigningKeys(NOW);
    expect(fault(signed, { anchors: trustedKeys(other).anchors })).toBe('untrusted_key');
    const forger = await createCommandSigner({ ...other, audience: keys.audience });
    expect(fault(await forger.sign(command, context))).toBe('untrusted_key');
    // Its own certificate next to a good key's signature does not help either.
    const mixed = await createCommandSigner({ ...keys, key: other.key });
    expect(fault(await mixed.sign(command, context))).toBe('bad_signature');
  });

  test('a key signs only while its certificate is valid', async () => {
    const signer = await createCommandSigner(keys);
    const late = await signer.sign(command, { ...context, nowMs: NOW + 11 * 365 * 86_400_000 });
    expect(fault(late)).toBe('key_not_valid_then');
  });

  test('whatever is no signed command is refused without a throw', () => {
    for (const given of [
      {},
      { bytes: 1, jws: 2 },
      { bytes: '{}', jws: 'a.b.c' },
      { bytes: '[]', jws: signed.jws },
      undefined,
    ])
      expect(fault(given as unknown as SignedCommand)).toBe('malformed');
  });
});
