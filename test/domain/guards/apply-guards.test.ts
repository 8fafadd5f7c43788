import { describe, expect, test } from 'vitest';
import { applyGuards } from '../../../src/domain/guards/apply-guards.ts';
import type { Guard, GuardAction, GuardName, TextPiece } from '../../../src/domain/guards/guard.ts';
import { mergeSpans, redact } from '../../../src/domain/guards/redact.ts';
import { piecesOf, withTexts } from '../../../src/domain/guards/text-pieces.ts';

/** Finds a word. */
const finder = (name: GuardName, word: string, action: GuardAction, more: Partial<Guard> = {}): Guard => ({
  name,
  isRemote: false,
  onFailure: 'block',
  actionAt: () => action,
  inspect: async (pieces) => ({
    ok: true,
    findings: pieces.flatMap(({ text }, piece) =>
      [...text.matchAll(new RegExp(word, 'g'))].map(({ index }) => ({
        piece,
        code: 'word',
        start: index,
        end: index + word.length,
      })),
    ),
  }),
  ...more,
});
const silent = finder('moderation', 'x', 'block', { inspect: async () => ({ ok: false, reason: 'timeout' }) });
const reason = (text: string): TextPiece => ({ place: 'reason', pointer: '/reason', kind: 'text', text });

describe('S1.10 guards, one after the other', () => {
  test('each sees what the ones before have left', async () => {
    const done = await applyGuards(
      [finder('pii', 'ada', 'redact'), finder('moderation', 'ada', 'block')],
      [reason('ada')],
    );
    expect(done).toEqual({
      ok: true,
      pieces: [reason('[word]')],
      notices: [{ where: 'reason', guard: 'pii', action: 'redact', count: 1 }],
    });
  });

  test('blocked: where, and by which guard; later guards are not asked', async () => {
    expect(await applyGuards([finder('pii', 'ada', 'block'), silent], [reason('hi ada')])).toEqual({
      ok: false,
      refused: [{ guard: 'pii', pointer: '/reason', codes: ['word'] }],
    });
  });

  test('flagged: it passes, and is counted', async () => {
    expect(await applyGuards([finder('pii', 'a', 'flag')], [reason('ada'), reason('ab')])).toMatchObject({
      ok: true,
      pieces: [reason('ada'), reason('ab')],
      notices: [{ action: 'flag', count: 3 }],
    });
  });

  test('a guard that cannot tell: nothing passes, or what it should have looked at is told', async () => {
    expect(await applyGuards([silent], [reason('a')])).toEqual({
      ok: false,
      unavailable: 'moderation',
      reason: 'timeout',
    });
    expect(await applyGuards([{ ...silent, onFailure: 'allow' }], [reason('a')])).toMatchObject({
      notices: [{ where: 'reason', guard: 'moderation', action: 'skip', count: 1 }],
    });
  });

  test('off: it is not asked', async () => {
    expect(await applyGuards([{ ...silent, actionAt: () => 'off' }], [reason('a')])).toMatchObject({
      ok: true,
      notices: [],
    });
  });

  test.each(['key', 'number'] as const)('a %s cannot be redacted: it is refused', async (kind) => {
    const piece: TextPiece = { place: 'arguments', pointer: '/arguments/a', kind, text: 'ada' };
    expect(await applyGuards([finder('pii', 'ada', 'redact')], [piece])).toMatchObject({ ok: false, refused: [{}] });
  });
});

describe('places', () => {
  const value = { to: ['ada', { 'a/b~c': 'eve' }], phone: 4155550132, small: 12, on: true, none: null };

  test('every text, key and long number has its pointer', () => {
    const pieces = piecesOf('arguments', value, ['arguments']);
    expect(pieces.map(({ kind, pointer, text }) => `${kind} ${pointer} ${text}`)).toEqual([
      'key /arguments/to to',
      'text /arguments/to/0 ada',
      'key /arguments/to/1/a~1b~0c a/b~c',
      'text /arguments/to/1/a~1b~0c eve',
      'key /arguments/phone phone',
      'number /arguments/phone 4155550132',
      'key /arguments/small small',
      'key /arguments/on on',
      'key /arguments/none none',
    ]);
  });

  test('other texts take the places of theirs, and nothing else changes', () => {
    const texts = new Map([['/arguments/to/1/a~1b~0c', '[email]']]);
    expect(withTexts(value, ['arguments'], texts)).toEqual({ ...value, to: ['ada', { 'a/b~c': '[email]' }] });
  });

  test('spans that overlap become one', () => {
    const spans = mergeSpans([
      { code: 'card', start: 4, end: 20 },
      { code: 'phone', start: 2, end: 8 },
      { code: 'ip', start: 30, end: 31 },
    ]);
    expect(spans).toEqual([
      { code: 'card', start: 2, end: 20 },
      { code: 'ip', start: 30, end: 31 },
    ]);
    expect(redact('0123456789012345678901234567890123', spans)).toBe('01[card]0123456789[ip]123');
  });
});
