import { describe, expect, test } from 'vitest';
import type { Verdict } from '../../../src/domain/schemas/approval.ts';
import { call, coreRun, digest, edit, typesOf, verdict } from '../../support/core.ts';
import type { CoreRun } from '../../support/core.ts';

const [A, B, C] = ['call_1_0', 'call_1_1', 'call_1_2'] as const;
const HOUR_MS = 3_600_000;
const together = (change: Partial<Verdict> = {}) =>
  verdict('ask', {
    batch: 'all_or_nothing',
    allowedDecisions: ['approve', 'reject', 'edit', 'respond', 'request_changes'],
    decideWithinMs: HOUR_MS,
    ...change,
  });

/** A and B belong together; C does not. */
const asked = (change: Partial<Verdict> = {}): CoreRun => {
  const run = coreRun();
  run.asks(call(1, 0, together(change)), call(1, 1, together()), call(1, 2, verdict('ask')));
  return run;
};
const started = (run: CoreRun) => [A, B, C].filter((id) => run.dispatches(id).length > 0);

describe('S1.11 calls that belong together', () => {
  test('none runs before all are approved, then all do', () => {
    const run = asked();
    run.decides(A, 'approve');
    expect(run.call(A)?.status).toBe('held');
    expect([run.state.status, started(run)]).toEqual(['suspended', []]);
    run.decides(B, 'approve');
    expect(started(run)).toEqual([A, B]);
  });

  test.each([
    ['is rejected', (run: CoreRun) => run.decides(B, 'reject')],
    ['is sent back', (run: CoreRun) => run.decides(B, 'request_changes', { reason: true })],
    ['expires', (run: CoreRun) => run.waits(HOUR_MS)],
  ])('where one %s, those approved before never run', (_name, refuse) => {
    const run = asked();
    run.decides(A, 'approve');
    refuse(run);
    expect(run.call(A)).toMatchObject({ status: 'settled', denied: true });
    expect(run.events).toContainEqual(
      expect.objectContaining({ data: expect.objectContaining({ toolCallId: A, code: 'batch_denied' }) }),
    );
    expect(run.approval(C)?.status).toBe('pending');
    expect(started(run)).toEqual([]);
  });

  test('where one is rejected, what still waits is withdrawn, and what is outside goes on', () => {
    const run = asked();
    expect(typesOf(run.decides(A, 'reject'))).toEqual([
      'approval.decided',
      'tool.denied',
      'approval.withdrawn',
      'tool.denied',
    ]);
    expect(run.decides(B, 'approve')).toMatchObject([{ data: { code: 'withdrawn' } }]);
    run.decides(C, 'approve');
    expect(started(run)).toEqual([C]);
  });

  test('a call that is refused at once takes the others along', () => {
    const run = coreRun({ maxPending: 1 });
    run.asks(call(1, 0, together()), call(1, 1, together()));
    expect(run.state).toMatchObject({ phase: 'idle', status: 'running' });
    expect([A, B].map((id) => run.call(id)?.denied)).toEqual([true, true]);
  });

  test('an answer in place of a call lets the others run', () => {
    const run = asked();
    run.decides(A, 'respond', { response: true });
    run.decides(B, 'approve');
    expect(started(run)).toEqual([B]);
  });

  test.each(['allow', 'ask'] as const)('an edit that takes the mark away (%s) still waits for the others', (effect) => {
    const edited = edit(
      'x',
      verdict(effect, { allowedDecisions: ['approve', 'reject', 'edit', 'respond', 'request_changes'] }),
    );
    const run = asked();
    run.decides(A, 'edit', { edited });
    expect([run.call(A)?.status, started(run)]).toEqual(['held', []]);
    run.decides(B, 'approve');
    expect(started(run)).toEqual([A, B]);
    const refused = asked();
    refused.decides(A, 'edit', { edited });
    refused.decides(B, 'reject');
    expect(refused.call(A)).toMatchObject({ status: 'settled', denied: true });
  });

  test('an edit of the only one runs', () => {
    const run = coreRun();
    run.asks(call(1, 0, together()));
    run.decides(A, 'edit', { edited: edit('x', verdict('allow')) });
    expect(run.dispatches(A)).toMatchObject([{ data: { digest: digest('x') } }]);
  });

  test('a grant for one does not let it run ahead; grants for all do', () => {
    const run = coreRun();
    run.asks(call(1, 0, together(), { grantId: 'grant_1' }), call(1, 1, together()));
    expect(started(run)).toEqual([]);
    run.decides(B, 'approve');
    expect(started(run)).toEqual([A, B]);
    const all = coreRun();
    all.asks(call(1, 0, together(), { grantId: 'grant_1' }), call(1, 1, together(), { grantId: 'grant_1' }));
    expect(started(all)).toEqual([A, B]);
  });

  test('silence that allows one does not let it run ahead', () => {
    const run = coreRun();
    const silent = call(1, 0, together({ onExpire: 'allow' }), { effect: 'none' });
    run.asks(silent, call(1, 1, together({ decideWithinMs: 2 * HOUR_MS })));
    run.waits(HOUR_MS);
    expect([run.call(A)?.status, started(run)]).toEqual(['held', []]);
    run.decides(B, 'approve');
    expect(started(run)).toEqual([A, B]);
  });

  test('one that an operator gives up before it ever ran takes the others along', () => {
    const run = asked({ onExpire: 'block' });
    run.decides(B, 'approve');
    run.waits(HOUR_MS);
    expect(run.call(A)?.status).toBe('parked');
    run.resolves(A, 'fail');
    expect(run.call(B)).toMatchObject({ status: 'settled', denied: true });
  });
});
