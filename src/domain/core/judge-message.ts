/** What becomes of a message to the run: it decides nothing, and the model reads it at its next turn. */
import type { MessageCommand } from '../schemas/command.ts';
import type { RunEvent } from '../schemas/event.ts';
import { isFollowed, refused } from './judge-command.ts';
import type { Attested } from './judge-command.ts';
import { signedBy } from './judge-decision.ts';
import { isEnding } from './state.ts';
import type { RunState } from './state.ts';

/** Enough for a conversation, too few to fill a run with. */
export const MAX_MESSAGES = 100;

export const judgeMessage = (state: RunState, given: Attested<MessageCommand>, now: number): RunEvent[] => {
  const { command } = given;
  if (isFollowed(state, command)) return [];
  if (isEnding(state)) return refused(state, command, 'run_over', now);
  if ((state.messages ?? 0) >= MAX_MESSAGES) return refused(state, command, 'too_many_messages', now);
  const { commandId, textRef } = command;
  // The model is speaking: it has not read this, and what it says comes first.
  const during = state.phase === 'asking' ? { duringTurn: state.turn } : {};
  return [{ type: 'message.received', at: now, data: { ...signedBy(given), commandId, textRef, ...during } }];
};

/** Somebody has written while the model spoke, and there is a turn left in which it can read that. */
export const isUnread = ({ messagedDuring, turn, limits }: RunState): boolean =>
  messagedDuring === turn && turn < limits.maxTurns;
