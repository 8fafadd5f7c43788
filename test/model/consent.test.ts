/**
 * Random runs: turns with every mix of calls, decisions good and bad, late and repeated, by the right and the wrong people,
 * edits, expiries, escalations, blocks, cancels, extensions; tools that crash at any point and are tried again; new
 * executions from JSON. A simple reference model says what has to become of each decision and whether a tool may be
 * entered. `COUNTERSIGN_MODEL_SEED` and `COUNTERSIGN_MODEL_SEQUENCES` repeat or prolong a search.
 */
import { randomInt } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { evolve } from '../../src/domain/core/evolve.ts';
import { nextDeadline } from '../../src/domain/core/clocks.ts';
import { next } from '../../src/domain/core/next.ts';
import { isFinished } from '../../src/domain/core/run-status.ts';
import { isBlocked, newRunState } from '../../src/domain/core/state.ts';
import { RunEvent } from '../../src/domain/schemas/event.ts';
import { Checker } from './checker.ts';
import { sequences } from './moves.ts';
import type { Move } from './moves.ts';
import { World, clock } from './world.ts';

const SEQUENCES = Number(process.env['COUNTERSIGN_MODEL_SEQUENCES'] ?? 12_000);
const seed = Number(process.env['COUNTERSIGN_MODEL_SEED'] ?? randomInt(2 ** 31 - 1));
/** Each of these has to happen somewhere in so many sequences, or the search has gone blind. */
const EXPECTED = [
  ...['nothing', 'refused', 'vote', 'approved', 'rejected', 'answered', 'sent_back', 'revised'].map(
    (one) => `decision ${one}`,
  ),
  ...['consent', 'rule', 'grant', 'expiry'].map((basis) => `entered by ${basis}`),
  ...['extend', 'block', 'unblock', 'resolve'].flatMap((one) => [`${one} followed`, `${one} refused`]),
  ...['approval.expired', 'approval.escalated', 'approval.reminded', 'approval.expiring', 'approval.reopened'],
  ...['approval.withdrawn', 'tool.outcome_unknown', 'effect.rechecked', 'state edited', 'command.ignored'],
  ...['run.completed', 'run.failed', 'run.cancelled', 'contract.unmet', 'message.restarted'],
];
const counts = new Map<string, number>();
const total = { sequences: 0, commands: 0, events: 0 };

const hasNoUndefined = (value: unknown): boolean =>
  typeof value !== 'object' || value === null
    ? value !== undefined
    : Object.values(value as Record<string, unknown>).every(hasNoUndefined);

/** Everybody does what is needed for the run to end: it must. */
const bringToEnd = (world: World): void => {
  for (let round = 0; round < 300; round += 1) {
    if (isFinished(world.state.status)) return;
    for (const step of world.steps) world.goOn(step, 5);
    if (world.state.phase === 'asking') world.answer([], false);
    if (world.state.calls.some((call) => call.status === 'parked'))
      world.play({ do: 'resolve', which: round, resolution: 'fail', stale: false, who: 'anna', repeat: false });
    if (isBlocked(world.state)) world.play({ do: 'unblock', who: 'anna', repeat: false });
    const [action] = world.drive();
    if (action?.type !== 'wait' || action.until === undefined || world.steps.length > 0) continue;
    clock.nowMs = Math.max(clock.nowMs, action.until);
    world.play({ do: 'time', ms: 0 });
  }
  throw new Error(`The run has no way to its end: ${JSON.stringify(world.state)}`);
};

const checkedRun = (moves: readonly Move[], isThorough: boolean): void => {
  const checker = new Checker(counts);
  const world = new World(checker);
  checker.world = world;
  for (const move of moves) {
    world.play(move);
    const due = nextDeadline(world.state);
    const [action] = next(world.state, clock.nowMs);
    const sleepsUntil = action?.type === 'wait' ? action.until : undefined;
    if (move.do === 'drive' && sleepsUntil !== undefined && sleepsUntil <= clock.nowMs)
      throw new Error('It never sleeps.');
    if (move.do === 'time' && due !== undefined && due <= clock.nowMs) throw new Error('A clock was not served.');
  }
  if (isThorough) {
    for (const event of world.log) RunEvent.parse(event);
    expect(hasNoUndefined(world.state)).toBe(true);
  }
  bringToEnd(world);
  const { identity, limits } = world.state;
  const folded = world.log.reduce(evolve, newRunState(identity, limits));
  expect(JSON.stringify(folded)).toBe(JSON.stringify(world.state));
  checker.checkEffects(world);
  total.sequences += 1;
  total.commands += world.commands;
  total.events += world.log.length;
};

beforeAll(() => {
  vi.spyOn(Date, 'now').mockImplementation(() => clock.nowMs);
});

afterAll(() => {
  vi.restoreAllMocks();
  const entered = ['rule', 'consent', 'grant', 'expiry'].map(
    (basis) => `${counts.get(`entered by ${basis}`) ?? 0} by ${basis}`,
  );
  process.stdout.write(
    `model: ${total.sequences} sequences (COUNTERSIGN_MODEL_SEED=${seed}), ${total.commands} commands, ${total.events} events, tools entered ${entered.join(', ')}\n`,
  );
});

describe('B1 B2 B3 B8 B9 B17 S1.6 S2.2 S2.4 S3.7 for every sequence of commands, crashes and retries', () => {
  test('tools run only by live consent, rule or grant, decisions count once, and every command is answered', () => {
    fc.assert(
      fc.property(sequences, fc.nat(19), (moves, sample) => {
        checkedRun(moves, sample === 0);
      }),
      { numRuns: SEQUENCES, seed },
    );
    if (SEQUENCES < 10_000) return;
    expect(EXPECTED.filter((what) => !counts.has(what))).toEqual([]);
  }, 300_000);
});
