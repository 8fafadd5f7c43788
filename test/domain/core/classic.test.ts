// S3.1: what the core decides where nobody can be waited for.
import { expect, test } from 'vitest';
import { call, coreRun, digest, ref, typesOf, verdict } from '../../support/core.ts';

const classicRun = () => coreRun({}, 'classic');

test('S3.1 a call that asks is denied, and the reason names the mode and the rule', () => {
  const run = classicRun();
  const events = run.asks(call(1, 0, verdict('ask')), call(1, 1, verdict('allow')));
  expect(typesOf(events)).toEqual(['message.completed', 'usage.recorded', 'tool.denied']);
  expect(events[2]).toMatchObject({
    data: {
      toolCallId: 'call_1_0',
      code: 'classic_cannot_ask',
      message: expect.stringMatching(/classic mode.* because$/),
    },
  });
  expect(run.call('call_1_1')?.status).toBe('ready');
  expect(run.state.status).toBe('running');
});

test('S3.1 a question is denied; what a grant covers runs', () => {
  const run = classicRun();
  run.asks(call(1, 0, verdict('allow'), { role: 'question' }), call(1, 1, verdict('ask'), { grantId: 'grant_1' }));
  expect(run.call('call_1_0')?.status).toBe('settled');
  expect(run.call('call_1_1')).toMatchObject({ status: 'ready', basis: 'grant' });
});

test('S3.1 what the gate would have people asked for is denied', () => {
  const run = classicRun();
  run.asks(call(1, 0, verdict('allow')));
  run.dispatches('call_1_0');
  const asked = { verdict: verdict('ask'), digest: digest('new'), revision: 2 };
  const events = run.settles('call_1_0', {
    type: 'refused',
    code: 'policy_changed',
    message: 'Changed.',
    then: 'ask',
    asked,
  });
  expect(events).toMatchObject([{ type: 'tool.denied', data: { code: 'classic_cannot_ask' } }]);
});

test('S3.1 of those that belong together, one that asks takes the others along', () => {
  const run = classicRun();
  const together = verdict('ask', { batch: 'all_or_nothing' });
  run.asks(call(1, 0, together, { grantId: 'grant_1' }), call(1, 1, together));
  expect(run.state.calls.map(({ status }) => status)).toEqual(['settled', 'settled']);
});

test('S3.1 its driver ends it once nothing is out', () => {
  const run = classicRun();
  run.asks(call(1, 0, verdict('allow')));
  run.dispatches('call_1_0');
  const fail = { type: 'fail', code: 'request_time_over', detail: 'Too long.' } as const;
  expect(run.apply(fail)).toEqual([]);
  run.settles('call_1_0', { type: 'completed', resultRef: ref('r') });
  expect(run.apply(fail)).toMatchObject([{ type: 'run.failed', data: { code: 'request_time_over' } }]);
  expect(run.apply(fail)).toEqual([]);
});
