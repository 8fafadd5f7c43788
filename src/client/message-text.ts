/** Joins the pieces of messages that models are writing: what to append, and when a message begins anew. */
import type { RunStreamItem } from './run-events.ts';

export interface MessagePiece {
  readonly runId: string;
  readonly turn: number;
  readonly text: string;
  /** The first piece of a message, also where an earlier attempt at it came to nothing. */
  readonly begins: boolean;
  /** The message is whole. */
  readonly ends: boolean;
}

interface OpenMessage {
  readonly turn: number;
  readonly attempt: number;
  readonly text: string;
}

/** Takes the items of a run's stream in order; gives what they add to a message, if they do. */
export function createMessageReader(): (item: RunStreamItem) => MessagePiece | undefined {
  const openMessages = new Map<string, OpenMessage>();

  const grow = (runId: string, message: OpenMessage): MessagePiece | undefined => {
    const known = openMessages.get(runId);
    const continues = known?.turn === message.turn && known.attempt === message.attempt;
    const have = continues ? known.text.length : 0;
    if (message.text.length <= have) return undefined;
    openMessages.set(runId, message);
    return { runId, turn: message.turn, text: message.text.slice(have), begins: !continues, ends: false };
  };

  /** A message may complete with pieces that never came, or without a word. */
  const complete = (runId: string, turn: number, text: string): MessagePiece | undefined => {
    const known = openMessages.get(runId);
    openMessages.delete(runId);
    const continues = known?.turn === turn && text.startsWith(known.text);
    const rest = continues ? text.slice(known.text.length) : text;
    return rest === '' && !continues ? undefined : { runId, turn, text: rest, begins: !continues, ends: true };
  };

  return (item) => {
    switch (item.event) {
      case 'message.delta': {
        const { runId, turn, attempt, offset, text } = item.data;
        const known = openMessages.get(runId);
        const before = known?.turn === turn && known.attempt === attempt ? known.text : '';
        // After a gap a snapshot follows: nothing is made up in between.
        if (offset > before.length) return undefined;
        const whole = before.slice(0, offset) + text;
        return whole.length <= before.length ? undefined : grow(runId, { turn, attempt, text: whole });
      }
      case 'message.snapshot': {
        const { runId, turn, attempt, text } = item.data;
        return grow(runId, { turn, attempt, text });
      }
      case 'event':
        return item.data.type === 'message.completed'
          ? complete(item.data.runId, Number(item.data.data['turn']), item.data.content?.text ?? '')
          : undefined;
      // What the model thinks is no part of what it says.
      case 'reasoning.delta':
      case 'reasoning.snapshot':
      case 'stream.end':
        return undefined;
    }
  };
}
