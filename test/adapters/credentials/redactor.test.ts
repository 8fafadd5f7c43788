import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createRedactor } from '../../../src/adapters/credentials/redactor.ts';

const value = 'gh p/"sécret"+1';
const redactor = createRedactor({ reference: 'github', value });
const bytes = Buffer.from(value);

describe('S1.19 a secret is taken out', () => {
  test.each([
    ['as it is', value],
    ['in JSON within a text', JSON.stringify({ token: value })],
    ['in base64', bytes.toString('base64')],
    ['in base64url', bytes.toString('base64url')],
    ['in base64 with a user before it', Buffer.from(`anna:${value}`).toString('base64')],
    ['in base64 with something around it', Buffer.from(`x${value}yz`).toString('base64')],
    ['in hexadecimal', bytes.toString('hex')],
    ['in a URL', `https://api.example/?token=${encodeURIComponent(value)}`],
    ['in a form', new URLSearchParams({ token: value }).toString()],
  ])('%s', (_, text) => {
    const clean = redactor.text(`before ${text} after`);
    expect(clean).toContain('[credential github]');
    expect(clean).not.toContain('sécret');
    expect(clean).not.toContain(text);
  });

  test('from every text of a value, keys too; nothing else changes', () => {
    const given = { [`k ${value}`]: [value, 1, null, true, { deep: `x${value}` }], plain: 'stays' };
    expect(redactor.value(given)).toEqual({
      'k [credential github]': ['[credential github]', 1, null, true, { deep: 'x[credential github]' }],
      plain: 'stays',
    });
    expect(createRedactor(undefined).value(given)).toBe(given);
  });

  test('wherever it stands in what was encoded', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 12 }), fc.string(), fc.string(), (secret, before, after) => {
        const one = createRedactor({ reference: 'r', value: secret });
        const encoded = Buffer.from(before + secret + after).toString('base64');
        const clean = one.text(encoded);
        expect(clean === encoded).toBe(false);
      }),
    );
  });
});
