import type { Scope } from '../domain/schemas/names.ts';
import { execute } from './database.ts';
import type { Store } from './database.ts';
import { deltaNotice } from './feed-notice.ts';
import { storableText } from './storable-text.ts';

/** Of what a piece is: of the answer, or of the thoughts before it. Each has offsets of its own. */
export type DeltaPart = 'text' | 'reasoning';

/** A piece of a message that is being written. */
export interface Delta {
  readonly runId: string;
  readonly turn: number;
  readonly attempt: number;
  /** Absent: `text`. */
  readonly part?: DeltaPart | undefined;
  /** UTF-16 code units of the message before this piece. */
  readonly offset: number;
  readonly text: string;
}

export interface NewDelta extends Scope, Delta {
  readonly rootRunId: string;
  readonly nowMs: number;
}

const APPEND = {
  name: 'append_delta_2',
  text: 'SELECT append_delta($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) AS taken',
};

/** Adds to an open message and tells readers, in one statement. False where the turn is complete or the run over. */
export async function appendDelta(store: Store, delta: NewDelta): Promise<boolean> {
  const { tenant, project, runId, turn, attempt, part = 'text', offset, nowMs } = delta;
  // One code unit for one: offsets stay right.
  const text = storableText(delta.text);
  const notice = deltaNotice({ ...delta, text });
  const values = [tenant, project, runId, turn, attempt, part, offset, text, nowMs, notice];
  const [row] = (await execute(store, APPEND, values)) as [{ taken: boolean }];
  return row.taken;
}

const OPEN = {
  name: 'open_message_2',
  text: `SELECT d.turn, d.attempt, d.part, d.offset_chars, d.text FROM message_deltas d
    WHERE d.run_id = $3
      AND EXISTS (SELECT FROM runs r WHERE r.run_id = $3 AND r.tenant = $1 AND r.project = $2 AND r.ended_at IS NULL)
      AND d.turn > coalesce((
            SELECT e.turn FROM run_events e
             WHERE e.run_id = $3
               AND e.type IN ('run.started', 'message.completed', 'tool.completed', 'tool.failed', 'tool.denied',
                              'contract.unmet')
               AND e.type = 'message.completed'
             ORDER BY e.seq DESC LIMIT 1), 0)
    ORDER BY d.turn DESC, d.attempt DESC, d.offset_chars`,
};

/** A model that thinks aloud has `reasoning`; its text may still be empty then. */
export interface OpenMessage {
  readonly turn: number;
  readonly attempt: number;
  readonly text: string;
  readonly reasoning?: string;
}

/**
 * The message a run is writing, as far as it is known. Undefined where none is open, or its beginning was lost with a
 * crash of PostgreSQL: then the completed message is what there is to wait for.
 */
export async function openMessage(store: Store, scope: Scope, runId: string): Promise<OpenMessage | undefined> {
  const rows = (await execute(store, OPEN, [scope.tenant, scope.project, runId])) as {
    turn: number;
    attempt: number;
    part: DeltaPart;
    offset_chars: number;
    text: string;
  }[];
  const newest = rows[0];
  if (newest === undefined) return undefined;
  const whole: Record<DeltaPart, string> = { text: '', reasoning: '' };
  for (const { turn, attempt, part, offset_chars: offset, text } of rows) {
    if (turn === newest.turn && attempt === newest.attempt && offset === whole[part].length) whole[part] += text;
  }
  const { turn, attempt } = newest;
  if (whole.text === '' && whole.reasoning === '') return undefined;
  return { turn, attempt, text: whole.text, ...(whole.reasoning !== '' && { reasoning: whole.reasoning }) };
}

const READ = {
  name: 'read_delta_2',
  text: `SELECT d.text FROM message_deltas d
    WHERE d.run_id = $1 AND d.turn = $2 AND d.attempt = $3 AND d.part = $4 AND d.offset_chars = $5`,
};

/** The text of a piece too long for its notification; undefined where the message is complete by now. */
export async function readDeltaText(store: Store, delta: Omit<Delta, 'text'>): Promise<string | undefined> {
  const { runId, turn, attempt, part = 'text', offset } = delta;
  const [row] = (await execute(store, READ, [runId, turn, attempt, part, offset])) as {
    text: string;
  }[];
  return row?.text;
}

const CLEAR = { name: 'clear_deltas_1', text: 'DELETE FROM message_deltas WHERE run_id = $1 AND turn = $2' };

/** Forgets what was written of a turn's message. Storing its `message.completed` does so by itself. */
export async function clearDeltas(store: Store, runId: string, turn: number): Promise<void> {
  await execute(store, CLEAR, [runId, turn]);
}
