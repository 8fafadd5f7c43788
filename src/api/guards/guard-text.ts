/** Puts the words of a request before the guards: what goes on from here is what they have left of it. */
import type { JsonValue } from '../../domain/arguments/json-value.ts';
import { applyGuards } from '../../domain/guards/apply-guards.ts';
import type { RefusedText } from '../../domain/guards/apply-guards.ts';
import type { GuardNotice, TextPlace } from '../../domain/guards/guard.ts';
import { piecesOf, withTexts } from '../../domain/guards/text-pieces.ts';
import type { Api } from '../dependencies.ts';
import { HttpProblem } from '../http-problem.ts';

export interface Guarded<T> {
  readonly request: T;
  readonly notices: readonly GuardNotice[];
}

/**
 * `fields` names those that people's words are in. Throws `text_refused`, or `guard_unavailable` where a guard could
 * not be asked; nothing has happened then.
 */
export async function guardText<T extends object>(
  { guards, logger }: Pick<Api, 'guards' | 'logger'>,
  request: T,
  fields: Readonly<Partial<Record<keyof T & string, TextPlace>>>,
): Promise<Guarded<T>> {
  const given = Object.entries(fields).flatMap(([field, place]) => {
    const value = request[field as keyof T] as JsonValue | undefined;
    return value === undefined ? [] : [{ field, value, place: place as TextPlace }];
  });
  const pieces = given.flatMap(({ field, value, place }) => piecesOf(place, value, [field]));
  if (pieces.length === 0) return { request, notices: [] };
  const guarded = await applyGuards(guards, pieces);
  if (!guarded.ok) {
    if ('refused' in guarded) throw refusal(guarded.refused);
    logger.warn({ guard: guarded.unavailable, reason: guarded.reason }, 'guard.inspection_failed');
    throw new HttpProblem('guard_unavailable');
  }
  const { notices } = guarded;
  if (!notices.some(({ action }) => action === 'redact')) return { request, notices };
  const texts = new Map(
    guarded.pieces.flatMap(({ kind, pointer, text }) => (kind === 'text' ? [[pointer, text]] : [])),
  );
  const changes = given.map(({ field, value }) => [field, withTexts(value, [field], texts)] as const);
  return { request: { ...request, ...Object.fromEntries(changes) }, notices };
}

const refusal = (refused: readonly RefusedText[]): HttpProblem =>
  new HttpProblem('text_refused', {
    extras: {
      errors: refused.map(({ guard, pointer, codes }) => ({
        in: 'body',
        pointer,
        detail: `${guard}: ${codes.join(', ')}`,
      })),
    },
  });
