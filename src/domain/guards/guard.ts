/** What looks at people's words before a model or a tool does: the port, and the words in which it speaks. */
import { z } from 'zod';

/** Which words they are: the kinds that limits and actions are set for. */
export const TextPlace = z.enum([
  'input',
  'state',
  'reason',
  'response',
  'arguments',
  'state_edits',
  'note',
  'result',
  'message',
]);
export type TextPlace = z.infer<typeof TextPlace>;

export const GuardName = z.enum(['size', 'pii', 'moderation']);
export type GuardName = z.infer<typeof GuardName>;

/** `off` looks at nothing. `flag` lets the text pass and says so; `redact` changes it; `block` refuses the request. */
export const GuardAction = z.enum(['block', 'redact', 'flag', 'off']);
export type GuardAction = z.infer<typeof GuardAction>;

/** One string of what a person sent. Only a `text` can be changed: a key or a number is part of the structure. */
export interface TextPiece {
  readonly place: TextPlace;
  /** JSON pointer within what was sent. */
  readonly pointer: string;
  readonly kind: 'text' | 'key' | 'number';
  readonly text: string;
}

/** Something found in a piece. `start` and `end` count UTF-16 code units, as strings do. */
export interface Finding {
  /** Index among the pieces that were inspected. */
  readonly piece: number;
  /** What it is: a word of the guard's own, never of the text. */
  readonly code: string;
  readonly start: number;
  readonly end: number;
}

export type Inspection =
  | { readonly ok: true; readonly findings: readonly Finding[] }
  | { readonly ok: false; readonly reason: string };

export interface Guard {
  readonly name: GuardName;
  /** Asks somebody outside: it may fail, and may answer otherwise the next time. */
  readonly isRemote: boolean;
  /** What becomes of text that could not be looked at. */
  readonly onFailure: 'block' | 'allow';
  readonly actionAt: (place: TextPlace) => GuardAction;
  /** Never throws: where it cannot tell, `reason` is a code for the log. */
  readonly inspect: (pieces: readonly TextPiece[]) => Promise<Inspection>;
}

/** What was done to a text that passed. `skip`: the guard could not be asked, and the configuration lets it pass. */
export const GuardNotice = z.object({
  where: TextPlace,
  guard: GuardName,
  action: z.enum(['redact', 'flag', 'skip']),
  /** How many places of the text. */
  count: z.number().int().positive(),
});
export type GuardNotice = z.infer<typeof GuardNotice>;
