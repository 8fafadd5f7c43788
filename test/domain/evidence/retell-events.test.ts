/** What a lost task told, and what the one in its place tells: matched by what each event names. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { retellEvents } from '../../../src/domain/evidence/retell-events.ts';
import type { Log, Retelling, ToldEvent } from '../../../src/domain/evidence/retell-events.ts';
import type { NumberedEvent, RunEvent } from '../../../src/domain/schemas/event.ts';

const NOW = 1_790_000_000_000;
const turn = (number: number): RunEvent => ({ type: 'turn.started', at: NOW, data: { turn: number } });
const suspended: RunEvent = { type: 'run.suspended', at: NOW, data: {} };
const resumed: RunEvent = { type: 'run.resumed', at: NOW, data: {} };
const expired = (key: string): RunEvent => ({
  type: 'approval.expired',
  at: NOW,
  data: { approvalId: `tool-approval:run:${key}`, revision: 1 },
});

const numbered = (events: readonly RunEvent[], from = 1): NumberedEvent[] =>
  events.map((event, index) => ({ ordinal: from + index, event }));
const logOf = (events: readonly RunEvent[]): Log => ({
  placed: new Map(events.map(({ type, data }, index) => [index + 1, { seq: index + 1, type, data }])),
  loose: [],
});
const typesOf = (events: readonly (ToldEvent | NumberedEvent)[]) =>
  events.map((one) => ('event' in one ? one.event.type : one.type));

test('B3 the same again, only later, changes nothing', () => {
  const later = [turn(1), suspended].map((event) => ({ ...event, at: NOW + 5 }));
  expect(retellEvents(logOf([turn(1), suspended]), numbered(later))).toEqual({
    from: undefined,
    matched: new Map(),
    fresh: [],
    orphans: [],
  });
});

test('B3 what only one of them told is kept apart, what both told is told once', () => {
  const { from, matched, fresh, orphans } = retellEvents(
    logOf([turn(1), expired('call_1_0'), suspended]),
    numbered([turn(1), resumed, suspended]),
  );
  expect(from).toBe(2);
  expect([...matched]).toEqual([[3, { seq: 3, type: 'run.suspended', data: {} }]]);
  expect(typesOf(fresh)).toEqual(['run.resumed']);
  expect(typesOf(orphans)).toEqual(['approval.expired']);
});

test('B3 something without a name that comes after what the lost task told has not happened before', () => {
  const after = retellEvents(logOf([turn(1), suspended]), numbered([turn(1), resumed, turn(2), suspended]));
  expect(typesOf(after.fresh)).toEqual(['run.resumed', 'turn.started', 'run.suspended']);
});

test('B3 what a task before the last one told, and the last one did not, is found again by the third', () => {
  const log: Log = {
    ...logOf([turn(1)]),
    loose: [{ seq: 2, type: 'approval.expired', data: expired('call_1_0').data }],
  };
  const { matched, fresh } = retellEvents(log, numbered([expired('call_1_1'), expired('call_1_0')], 2));
  expect([...matched.keys()]).toEqual([3]);
  expect(typesOf(fresh)).toEqual(['approval.expired']);
});

test('B3 any number of lost tasks: each number stands for what its last teller meant, and nothing is told twice', () => {
  const anyEvent = fc.oneof(
    fc.integer({ min: 1, max: 3 }).map(turn),
    fc.constantFrom(suspended, resumed),
    fc.integer({ min: 0, max: 3 }).map((index) => expired(`call_1_${index}`)),
  );
  const tasks = fc.array(fc.array(anyEvent, { maxLength: 6 }), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(tasks, (told) => {
      const world = new StoredLog();
      for (const events of told) {
        world.apply(numbered(events));
        // Once more, as a retried step does.
        expect(world.apply(numbered(events)).fresh).toEqual([]);
        events.forEach((event, index) => expect(world.standing(index + 1)).toMatchObject({ data: event.data }));
      }
    }),
  );
});

/** A log as the store keeps it. */
class StoredLog {
  #events: ToldEvent[] = [];
  #places = new Map<number, ToldEvent>();

  apply(told: readonly NumberedEvent[]): Retelling {
    const standing = new Set(this.#places.values());
    const loose = this.#events.filter((event) => !standing.has(event));
    const retelling = retellEvents({ placed: this.#places, loose }, told);
    const { from, matched, fresh } = retelling;
    const kept = [...this.#places].filter(([ordinal]) => from === undefined || ordinal < from);
    const added = fresh.map(({ ordinal, event: { type, data } }) => {
      const event = { seq: this.#events.length + 1, type, data };
      this.#events.push(event);
      return [ordinal, event] as const;
    });
    this.#places = new Map([...kept, ...matched, ...added]);
    return retelling;
  }

  standing = (ordinal: number) => this.#places.get(ordinal);
}
