/** Follows the message that a model is writing: which pieces a reader still needs, and when a piece was missed. */
import type { Delta, DeltaPart } from '../../store/deltas.ts';

interface Position {
  readonly turn: number;
  readonly attempt: number;
  /** Characters that the reader has. */
  length: number;
}

export type DeltaVerdict =
  | { readonly type: 'send'; readonly delta: Delta }
  | { readonly type: 'drop' }
  /** Something lies between: send a snapshot instead. */
  | { readonly type: 'gap' };

const keyOf = (runId: string, part: DeltaPart = 'text'): string => `${part} ${runId}`;

const isLater = (one: Omit<Position, 'length'>, than: Omit<Position, 'length'>): boolean =>
  one.turn > than.turn || (one.turn === than.turn && one.attempt > than.attempt);

export class OpenMessages {
  readonly #positions = new Map<string, Position>();

  /** Judges the next piece, and counts it as sent where it is to be sent. */
  take(delta: Delta): DeltaVerdict {
    const key = keyOf(delta.runId, delta.part);
    const known = this.#positions.get(key);
    const isNew = known === undefined || isLater(delta, known);
    if (!isNew && isLater(known, delta)) return { type: 'drop' };
    const have = isNew ? 0 : known.length;
    if (delta.offset > have) return { type: 'gap' };
    const text = delta.text.slice(have - delta.offset);
    if (text === '') return { type: 'drop' };
    this.#positions.set(key, { turn: delta.turn, attempt: delta.attempt, length: have + text.length });
    return { type: 'send', delta: { ...delta, offset: have, text } };
  }

  /** The reader got the whole text, or all thoughts, so far. */
  snapshotSent(snapshot: Omit<Delta, 'offset'>): void {
    const { runId, part, turn, attempt, text } = snapshot;
    this.#positions.set(keyOf(runId, part), { turn, attempt, length: text.length });
  }

  /** The turn's message is complete: stragglers among its pieces are of no use any more. */
  completed(runId: string, turn: number): void {
    for (const part of ['text', 'reasoning'] as const)
      this.#positions.set(keyOf(runId, part), { turn, attempt: Number.MAX_SAFE_INTEGER, length: 0 });
  }
}
