/** What is said to a moderation service and what it may answer: docs/how-to/guard-human-text.md describes it. */
import { z } from 'zod';
import type { Finding, TextPiece } from '../../domain/guards/guard.ts';

export const moderationRequest = (pieces: readonly TextPiece[]): string =>
  JSON.stringify({ v: 1, texts: pieces.map(({ place, text }) => ({ place, text })) });

const place = z.number().int().nonnegative();

/** Tolerant: a service may say more than is asked. */
const ModerationAnswer = z.object({
  /** One for each text, in their order. */
  texts: z.array(
    z.object({
      findings: z
        .array(
          z
            .object({
              code: z.string().regex(/^[a-z][a-z0-9_/.-]{0,63}$/),
              /** Unicode code points, `end` excluded; without them the whole text is meant. */
              start: place.optional(),
              end: place.optional(),
            })
            .refine(({ start, end }) => (start === undefined) === (end === undefined)),
        )
        .max(1_000),
    }),
  ),
});

/** Undefined where it is no answer to what was asked: one text fewer than sent, a place that is not in its text. */
export function readModerationAnswer(body: string, pieces: readonly TextPiece[]): readonly Finding[] | undefined {
  const answer = ModerationAnswer.safeParse(jsonOrUndefined(body)).data;
  if (answer?.texts.length !== pieces.length) return undefined;
  const findings: Finding[] = [];
  for (const [piece, { findings: found }] of answer.texts.entries()) {
    const offsets = found.length === 0 ? [] : offsetsOf(pieces[piece]?.text ?? '');
    for (const { code, start: from = 0, end: to = offsets.length - 1 } of found) {
      const start = offsets[from];
      const end = offsets[to];
      if (start === undefined || end === undefined || start >= end) return undefined;
      findings.push({ piece, code, start, end });
    }
  }
  return findings;
}

/** Where each code point begins, and where the last one ends. */
function offsetsOf(text: string): number[] {
  const offsets = [0];
  for (const character of text) offsets.push((offsets.at(-1) ?? 0) + character.length);
  return offsets;
}

function jsonOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
