import { describe, expect, test } from 'vitest';
import { piiGuard } from '../../../src/adapters/guards/pii-guard.ts';
import { applyGuards } from '../../../src/domain/guards/apply-guards.ts';
import type { TextPiece } from '../../../src/domain/guards/guard.ts';
import { PiiKind } from '../../../src/platform/guards-file.ts';

const guard = piiGuard({ action: 'redact', places: {}, detect: PiiKind.options, country: 'US' });
const piece = (text: string): TextPiece => ({ place: 'reason', pointer: '/reason', kind: 'text', text });

async function redacted(text: string): Promise<string | undefined> {
  const done = await applyGuards([guard], [piece(text)]);
  return done.ok ? done.pieces[0]?.text : undefined;
}

describe('S1.10 personal data', () => {
  test.each([
    ['Mail ada@example.org.', 'Mail [email].'],
    ['a.b+c@sub.example.co.uk,x@y', '[email],x@y'],
    ['see https://shop.example/?mail=ada@example.org&x=1', 'see https://shop.example/?mail=[email]&x=1'],
    ["'ada@example.org' <ADA@EXAMPLE.ORG> (mailto:ada@example.org)", "'[email]' <[email]> (mailto:[email])"],
    ['Grüße 😀 ada@example.org 😀', 'Grüße 😀 [email] 😀'],
    ['jörg@exämple.de', '[email]'],
    ['+49 30 901820 or (415) 555-2671, 415-555-2671', '[phone] or [phone], [phone]'],
    ['card 4111 1111 1111 1111, 4111-1111-1111-1111.', 'card [card], [card].'],
    ['order 4711 4111111111111111 is', 'order 4711 [card] is'],
    ['5500-0055-5555-5559; 378282246310005', '[card]; [card]'],
    ['IBAN DE89 3704 0044 0532 0130 00 and gb33bukb20201555555555', 'IBAN [iban] and [iban]'],
    ['from 203.0.113.9:443, 2001:db8::1.', 'from [ip]:443, [ip].'],
  ])('%s', async (text, expected) => {
    expect(await redacted(text)).toBe(expected);
  });

  test.each([
    'Ship it on Monday, Smith agrees.',
    'The ticket is for another customer; refund order 7 with 12.50.',
    'v1.4.0 of 2026-11-21 12:30:45, 1234567812345678, call_2_0, run_k3v7qdxr2mzw5n4hbt6ycafe2a',
    'DE12 3456 7890 1234 5678 90',
    '@ada and ada@ and @ and a @ b, x@localhost',
    'sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
    '',
  ])('nothing is found in: %s', async (text) => {
    expect(await redacted(text)).toBe(text);
  });

  test('what lies where two slices of a long text meet is found, once', async () => {
    for (let before = 4_080; before < 4_100; before += 1) {
      const text = `${'x'.repeat(before)} ada@example.org ${'y '.repeat(3_000)}`;
      expect(await redacted(text)).toBe(text.replace('ada@example.org', '[email]'));
    }
  });

  test.each([
    ['digits', '1'.repeat(200_000)],
    ['digits and hyphens', '1-'.repeat(100_000)],
    ['brackets', '(1'.repeat(100_000)],
    ['at signs', 'a@'.repeat(100_000)],
    ['dots', `${'a.'.repeat(100_000)}@`],
    ['dotted names', 'a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a@b.b.'.repeat(5_000)],
    ['accounts', 'DE12 '.repeat(40_000)],
    ['colons', '1:'.repeat(100_000)],
    ['country codes', '+1 '.repeat(66_000)],
  ])(
    'hostile text of 200,000 characters is read in the time of any other, and others get their turn: %s',
    async (_name, text) => {
      let turns = 0;
      let isDone = false;
      const others = (): void => {
        turns += 1;
        if (!isDone) setImmediate(others);
      };
      setImmediate(others);
      const before = process.cpuUsage();
      await redacted(text);
      isDone = true;
      const { user, system } = process.cpuUsage(before);
      // Of the processor, not of the clock: other work on the machine says nothing of ours.
      expect((user + system) / 1_000).toBeLessThan(5_000);
      expect(turns).toBeGreaterThan(40);
    },
  );
});
