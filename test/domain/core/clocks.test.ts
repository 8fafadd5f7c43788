import { describe, expect, test } from 'vitest';
import { MAX_OPEN_MS } from '../../../src/domain/core/judge-command.ts';
import { next } from '../../../src/domain/core/next.ts';
import type { Verdict } from '../../../src/domain/schemas/approval.ts';
import type { JudgedCall } from '../../../src/domain/schemas/event.ts';
import { call, coreRun, edit, person, rule, typesOf, verdict } from '../../support/core.ts';
import type { CoreRun } from '../../support/core.ts';

const KEY = 'call_1_0';
const HOUR_MS = 3_600_000;

const asked = (change: Partial<Verdict> = {}, more: Partial<JudgedCall> = {}): CoreRun => {
  const run = coreRun();
  run.asks(call(1, 0, verdict('ask', { decideWithinMs: 10 * HOUR_MS, ...change }), more));
  return run;
};
const wakesIn = (run: CoreRun) => {
  const [action] = next(run.state, run.now);
  return action?.type === 'wait' && action.until !== undefined ? action.until - run.now : undefined;
};

describe('S1.7 reminders and the warning', () => {
  const change = { reminders: { everyMs: 3 * HOUR_MS, max: 2 }, warnBeforeMs: HOUR_MS };

  test('each is told once, at its time, and the run sleeps until the next', () => {
    const run = asked(change);
    const told: [number, string[]][] = [];
    while (run.approval(KEY)?.status === 'pending') {
      const inMs = wakesIn(run) ?? 0;
      told.push([inMs / HOUR_MS, typesOf(run.waits(inMs))]);
    }
    expect(told).toEqual([
      [3, ['approval.reminded']],
      [3, ['approval.reminded']],
      [3, ['approval.expiring']],
      [1, ['approval.expired', 'tool.denied', 'run.resumed']],
    ]);
    expect(run.approval(KEY)).toMatchObject({ reminded: 2, warned: true });
  });

  test('those that nobody could send in time are told as one', () => {
    const run = asked(change);
    const [event, ...rest] = run.waits(7 * HOUR_MS);
    expect(event).toMatchObject({ type: 'approval.reminded', data: { reminder: 2 } });
    expect(rest).toEqual([]);
    expect(run.apply({ type: 'tick' })).toEqual([]);
  });

  test('nobody is reminded at or after the deadline, nor of what is decided', () => {
    expect(wakesIn(asked({ reminders: { everyMs: 10 * HOUR_MS, max: 9 } }))).toBe(10 * HOUR_MS);
    const run = asked(change);
    run.decides(KEY, 'approve');
    expect(run.waits(9 * HOUR_MS)).toEqual([]);
  });

  test('a deadline that moves is warned of again', () => {
    const run = asked({ warnBeforeMs: HOUR_MS });
    expect(typesOf(run.waits(9 * HOUR_MS))).toEqual(['approval.expiring']);
    run.extends(KEY, run.now + 5 * HOUR_MS);
    expect(wakesIn(run)).toBe(4 * HOUR_MS);
    expect(typesOf(run.waits(4 * HOUR_MS))).toEqual(['approval.expiring']);
  });
});

describe('S1.7 B8 what expiry does', () => {
  const denied = ['approval.expired', 'tool.denied', 'run.resumed'];

  test.each([
    ['deny', 'once', denied],
    ['allow', 'idempotent', ['approval.expired', 'run.resumed']],
    ['allow', 'none', ['approval.expired', 'run.resumed']],
    ['allow', 'once', denied],
    ['allow', undefined, denied],
    ['block', 'once', ['approval.expired', 'run.blocked']],
    ['fail', 'once', ['approval.expired', 'tool.denied', 'run.failed']],
    ['escalate', 'once', denied],
  ] as const)('%s, of a tool that acts %s', (onExpire, effect, types) => {
    const run = asked({ onExpire }, effect ? { effect } : {});
    if (!effect) {
      const { effect: _, ...call1 } = call(1, 0, verdict('ask', { onExpire, decideWithinMs: 10 * HOUR_MS }));
      const other = coreRun();
      other.asks(call1);
      expect(typesOf(other.waits(10 * HOUR_MS))).toEqual(types);
      return;
    }
    expect(typesOf(run.waits(10 * HOUR_MS))).toEqual(types);
  });

  test('what may run after it does so as that, not as consent', () => {
    const run = asked({ onExpire: 'allow' }, { effect: 'none' });
    run.waits(10 * HOUR_MS);
    expect(run.dispatches(KEY)).toMatchObject([{ type: 'tool.started', data: { basis: 'expiry' } }]);
  });

  test('a failing run withdraws what else waits, and lets finish what is out', () => {
    const run = coreRun();
    run.asks(
      call(1, 0, verdict('ask', { onExpire: 'fail', decideWithinMs: HOUR_MS })),
      call(1, 1, verdict('ask')),
      call(1, 2, verdict('allow')),
    );
    run.dispatches('call_1_2');
    expect(typesOf(run.waits(HOUR_MS))).toEqual(['approval.expired', 'tool.denied', 'approval.withdrawn']);
    expect(run.decides('call_1_1', 'approve')).toMatchObject([{ data: { code: 'run_over' } }]);
    expect(run.settles('call_1_2')).toMatchObject([
      { type: 'tool.completed' },
      { type: 'run.failed', data: { code: 'approval_expired' } },
    ]);
  });

  test('a blocked call can be asked for again under the same revision', () => {
    const run = asked({ onExpire: 'block' });
    run.waits(10 * HOUR_MS);
    expect(run.state.attentions).toMatchObject([{ code: 'approval_expired', toolCallId: KEY }]);
    expect(typesOf(run.resolves(KEY, 'retry'))).toEqual(['effect.resolved', 'approval.reopened', 'run.suspended']);
    expect(run.approval(KEY)).toMatchObject({ status: 'pending', revision: 1, decideBy: run.now + 10 * HOUR_MS });
    run.decides(KEY, 'approve');
    expect(typesOf(run.dispatches(KEY))).toEqual(['tool.started']);
  });

  test('votes from before it ran out do not count once it is asked for again', () => {
    const run = asked({ onExpire: 'block', approverRules: [rule({ approvals: 2 })] });
    run.decides(KEY, 'approve', { actor: person('anna') });
    run.waits(10 * HOUR_MS);
    run.resolves(KEY, 'retry');
    for (const [who, type] of [
      ['bob', 'approval.vote_recorded'],
      ['anna', 'approval.decided'],
    ] as const)
      expect(run.decides(KEY, 'approve', { actor: person(who) })[0]?.type).toBe(type);
  });

  test('late decisions are refused and change nothing', () => {
    for (const onExpire of ['deny', 'block', 'allow', 'fail'] as const) {
      const run = asked({ onExpire }, { effect: 'none' });
      run.waits(10 * HOUR_MS);
      const before = { ...run.state, refusals: [] };
      const [event, ...rest] = run.decides(KEY, 'approve', { attestedAt: run.now - HOUR_MS });
      expect(event).toMatchObject({ data: { code: onExpire === 'fail' ? 'run_over' : 'expired' } });
      expect(rest).toEqual([]);
      expect({ ...run.state, refusals: [] }).toEqual(before);
    }
  });

  test('one attested at the deadline is late, one a millisecond before is not, whenever they are handled', () => {
    const late = asked();
    expect(late.decides(KEY, 'approve', { attestedAt: late.now + 10 * HOUR_MS })).toMatchObject([
      { data: { code: 'expired' } },
    ]);
    const run = asked();
    const attestedAt = run.now + 10 * HOUR_MS - 1;
    run.advance(11 * HOUR_MS);
    expect(typesOf(run.decides(KEY, 'approve', { attestedAt }))).toContain('approval.decided');
  });

  test('the expiry of revision 1 never touches revision 2', () => {
    const run = asked({ allowedDecisions: ['approve', 'edit'] });
    run.advance(9 * HOUR_MS);
    run.decides(KEY, 'edit', { edited: edit('b', verdict('ask', { risk: 'high', decideWithinMs: 10 * HOUR_MS })) });
    expect(wakesIn(run)).toBe(10 * HOUR_MS);
    expect(run.waits(HOUR_MS)).toEqual([]);
    expect(run.approval(KEY)).toMatchObject({ revision: 2, status: 'pending' });
    expect(run.waits(9 * HOUR_MS)).toMatchObject([{ data: { revision: 2 } }, { type: 'tool.denied' }, {}]);
  });
});

describe('B10 escalation', () => {
  const step = (group: string, hours: number) => ({
    approverRules: [rule({ groups: [group] })],
    decideWithinMs: hours * HOUR_MS,
  });
  const ladder = (then: 'deny' | 'block' | 'fail'): Partial<Verdict> => ({
    onExpire: 'escalate',
    escalation: { steps: [step('managers', 2), step('board', 3)], then },
  });
  const by = (principal: string, ...groups: string[]) => ({ actor: person(principal, groups) });

  test.each([
    ['deny', ['approval.expired', 'tool.denied', 'run.resumed']],
    ['block', ['approval.expired', 'run.blocked']],
    ['fail', ['approval.expired', 'tool.denied', 'run.failed']],
  ] as const)('climbs each step, then: %s', (then, types) => {
    const run = asked(ladder(then));
    expect(run.waits(10 * HOUR_MS)).toMatchObject([{ type: 'approval.escalated', data: { step: 1, revision: 1 } }]);
    expect(run.decides(KEY, 'approve', by('anna'))).toMatchObject([{ data: { code: 'not_an_approver' } }]);
    expect(wakesIn(run)).toBe(2 * HOUR_MS);
    // Late, as after an outage: the next step has its whole time all the same.
    expect(run.waits(4 * HOUR_MS)).toMatchObject([{ type: 'approval.escalated', data: { step: 2 } }]);
    expect(wakesIn(run)).toBe(3 * HOUR_MS);
    expect(run.decides(KEY, 'approve', by('max', 'managers'))).toMatchObject([{ data: { code: 'not_an_approver' } }]);
    expect(typesOf(run.waits(3 * HOUR_MS))).toEqual(types);
  });

  test('whoever it was escalated to decides', () => {
    const run = asked(ladder('deny'));
    run.waits(10 * HOUR_MS);
    expect(typesOf(run.decides(KEY, 'approve', by('max', 'managers')))).toContain('approval.decided');
  });

  test('votes that the new rules would not take do not count, and their givers may vote again', () => {
    const strict = rule({ groups: ['managers'], approvals: 2, notRequester: true, reasonRequired: true });
    const run = asked({
      approverRules: [rule({ approvals: 3 })],
      onExpire: 'escalate',
      escalation: { steps: [{ approverRules: [strict], decideWithinMs: HOUR_MS }], then: 'deny' },
    });
    run.decides(KEY, 'approve', by('rita', 'managers'));
    run.decides(KEY, 'approve', by('max', 'managers'));
    run.waits(10 * HOUR_MS);
    expect(typesOf(run.decides(KEY, 'approve', { ...by('mia', 'managers'), reason: true }))).toEqual([
      'approval.vote_recorded',
    ]);
    expect(typesOf(run.decides(KEY, 'approve', { ...by('max', 'managers'), reason: true }))).toContain(
      'approval.decided',
    );
  });

  test('a reopened request starts at the foot of the ladder', () => {
    const run = asked(ladder('block'));
    run.waits(10 * HOUR_MS);
    run.waits(2 * HOUR_MS);
    run.waits(3 * HOUR_MS);
    run.resolves(KEY, 'retry');
    expect(run.approval(KEY)?.escalated).toBeUndefined();
    expect(typesOf(run.decides(KEY, 'approve', by('anna')))).toContain('approval.decided');
  });
});

describe('S1.7 extend', () => {
  test('gives the request more time, once for each command', () => {
    const run = asked();
    const decideBy = run.now + 20 * HOUR_MS;
    expect(run.extends(KEY, decideBy, { commandId: 'one' })).toMatchObject([
      { type: 'approval.extended', data: { decideBy, revision: 1, actor: { principal: 'anna' } } },
    ]);
    expect(run.extends(KEY, decideBy, { commandId: 'one' })).toEqual([]);
    expect(run.waits(10 * HOUR_MS)).toEqual([]);
    expect(wakesIn(run)).toBe(10 * HOUR_MS);
  });

  test.each([
    ['to the same time', 10 * HOUR_MS, 'deadline_not_allowed'],
    ['to an earlier time', HOUR_MS, 'deadline_not_allowed'],
    ['beyond 30 days', MAX_OPEN_MS + 1, 'deadline_not_allowed'],
    ['to 30 days', MAX_OPEN_MS, undefined],
  ])('%s', (_name, inMs, code) => {
    const run = asked();
    const [event] = run.extends(KEY, run.now + inMs);
    if (code === undefined) expect(event?.type).toBe('approval.extended');
    else expect(event).toMatchObject({ type: 'command.refused', data: { command: 'extend', code } });
  });

  test('is refused for what is decided, expired, of another revision, unknown or over', () => {
    const refusal = (run: CoreRun, change = {}, key = KEY) => run.extends(key, run.now + 20 * HOUR_MS, change);
    const code = (given: string) => [{ type: 'command.refused', data: { code: given } }];
    const decided = asked();
    decided.decides(KEY, 'approve');
    expect(refusal(decided)).toMatchObject(code('already_decided'));
    const expired = asked();
    expired.waits(10 * HOUR_MS);
    expect(refusal(expired)).toMatchObject(code('expired'));
    const late = asked();
    expect(refusal(late, { attestedAt: late.now + 10 * HOUR_MS })).toMatchObject(code('expired'));
    expect(refusal(asked(), { revision: 2 })).toMatchObject(code('superseded'));
    expect(refusal(asked(), {}, 'call_9_9')).toMatchObject(code('unknown_approval'));
    const over = asked();
    over.apply({ type: 'cancel', channel: 'api' });
    expect(refusal(over)).toMatchObject(code('run_over'));
  });
});
