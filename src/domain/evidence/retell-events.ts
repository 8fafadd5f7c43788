/**
 * What a workflow tells after one of its tasks was lost. A worker may die between storing events and Temporal's recording
 * of the task; the task that takes its place may find more that has happened meanwhile, and so tell other events under
 * the same numbers. What the lost task told has been seen and stands; here the two are matched.
 */
import type { NumberedEvent } from '../schemas/event.ts';

/** An event of the workflow as the log has it. */
export interface ToldEvent {
  readonly seq: number;
  readonly type: string;
  readonly data: object;
}

export interface Log {
  /** By the workflow's own number: what it stands for, as far as it was told. */
  readonly placed: ReadonlyMap<number, ToldEvent>;
  /** What only lost tasks have told, in the order of the log. */
  readonly loose: readonly ToldEvent[];
}

export interface Retelling {
  /** The first number that stands for another event than before; undefined where nothing differs. */
  readonly from: number | undefined;
  /** Numbers that stand, from now on, for an event that a lost task told. */
  readonly matched: ReadonlyMap<number, ToldEvent>;
  /** What nobody has told yet, in order. */
  readonly fresh: readonly NumberedEvent[];
  /** What stood for a number until now, and does no more. */
  readonly orphans: readonly ToldEvent[];
}

/** What makes an event this one, whenever it was told. */
const NAMING = [
  ...['decisionId', 'commandId', 'approvalId', 'toolCallId', 'revision', 'turn'],
  ...['code', 'reminder', 'step', 'epoch', 'resolution', 'effectKey', 'ignored'],
] as const;

const nameOf = (type: string, data: object): string => {
  const fields = (type === 'approval.requested' && 'approval' in data ? data.approval : data) as Record<
    string,
    unknown
  >;
  return JSON.stringify([type, ...NAMING.map((name) => fields[name] ?? null)]);
};

/** Happen again and name nothing: told apart by their place alone. */
const NAMELESS = new Set(['run.suspended', 'run.resumed', 'run.cancel_requested', 'contract.unmet', 'contract.met']);

export const retellEvents = ({ placed, loose }: Log, told: readonly NumberedEvent[]): Retelling => {
  const last = Math.max(0, ...placed.keys());
  const matched = new Map<number, ToldEvent>();
  const fresh: NumberedEvent[] = [];
  let free = [...loose];
  let orphans: readonly ToldEvent[] = [];
  let from: number | undefined;
  for (const given of told) {
    const { ordinal, event } = given;
    const name = nameOf(event.type, event.data);
    const isSame = (one: ToldEvent) => nameOf(one.type, one.data) === name;
    const stands = from === undefined ? placed.get(ordinal) : undefined;
    if (stands && isSame(stands)) continue;
    if (stands) {
      from = ordinal;
      orphans = [...placed].filter(([number]) => number >= ordinal).map(([, one]) => one);
      free = [...free, ...orphans].toSorted((one, other) => one.seq - other.seq);
    }
    // Beyond what a lost task has told, something without a name happens for the first time.
    const mayMatch = !NAMELESS.has(event.type) || (from !== undefined && ordinal <= last);
    const match = mayMatch ? free.find(isSame) : undefined;
    if (match) {
      matched.set(ordinal, match);
      free = free.filter((one) => one !== match);
    } else {
      fresh.push(given);
    }
  }
  const kept = new Set(matched.values());
  return { from, matched, fresh, orphans: orphans.filter((one) => !kept.has(one)) };
};
