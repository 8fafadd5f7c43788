import { expect, test } from 'vitest';
import { next } from '../../../src/domain/core/next.ts';
import type { ModelStepResult } from '../../../src/domain/schemas/step.ts';
import { coreRun, typesOf } from '../../support/core.ts';
import type { CoreRun } from '../../support/core.ts';

type Failed = Extract<ModelStepResult, { type: 'failed' }>;

const fails = (run: CoreRun, failure: Partial<Failed> = {}): string[] => {
  run.apply({ type: 'begin_turn' });
  const result: Failed = { type: 'failed', code: 'provider_unavailable', message: 'x', retryable: true, ...failure };
  return typesOf(run.apply({ type: 'model_settled', result }));
};
const asked = { model: 'a/one', nextModel: 'b/two' };
const last = { model: 'b/two' };

test('S1.9 a model that failed for good is followed by the next one, at once and in the same turn', () => {
  const run = coreRun();
  expect(fails(run, { ...asked, code: 'provider_auth', retryable: false })).toEqual([
    'message.restarted',
    'model.fell_back',
  ]);
  expect(run.events.at(-1)?.data).toEqual({ turn: 1, from: 'a/one', to: 'b/two', code: 'provider_auth' });
  expect(next(run.state, run.now)).toEqual([{ type: 'call_model' }]);
  expect(run.state).toMatchObject({ turn: 1, modelIndex: 1 });
  run.apply({ type: 'begin_turn' });
  expect(run.state.turn).toBe(1);
});

test('S1.9 each model has all of its attempts; the last one fails the run', () => {
  const run = coreRun({ maxModelAttempts: 2 });
  expect(fails(run, asked)).toEqual(['message.restarted']);
  run.advance(60_000);
  expect(fails(run, asked)).toEqual(['message.restarted', 'model.fell_back']);
  expect(fails(run, last)).toEqual(['message.restarted']);
  // The pause before the second attempt is that of a second attempt.
  expect(run.state.retryAt).toBe(run.now + 1_000);
  run.advance(60_000);
  expect(fails(run, last)).toEqual(['run.failed']);
});

test('S1.9 the run stays with the model that answers, and its next failures count from nothing', () => {
  const run = coreRun({ maxModelAttempts: 2 });
  fails(run, { ...asked, retryable: false });
  run.hears('tool-calls', [
    { toolCallId: 'call_1_0', tool: 'unknown', problem: { code: 'unknown_tool', message: 'There is none.' } },
  ]);
  expect(run.state.modelIndex).toBe(1);
  expect(fails(run, last)).toEqual(['message.restarted']);
});

test.each(['context_too_long', 'response_too_large', 'bad_request', 'invalid_parameters'])(
  'what is wrong with the request itself is asked of nobody else: %s',
  (code) => {
    expect(fails(coreRun(), { ...asked, code, retryable: false })).toEqual(['run.failed']);
  },
);

test('a run that is ending asks nobody else', () => {
  const run = coreRun();
  run.apply({ type: 'begin_turn' });
  run.apply({ type: 'cancel', channel: 'temporal' });
  const result: Failed = { type: 'failed', code: 'provider_auth', message: 'x', retryable: false, ...asked };
  expect(typesOf(run.apply({ type: 'model_settled', result }))).toEqual(['message.restarted', 'run.cancelled']);
});
