import { expect, test } from 'vitest';
import { isEarly } from '../../../src/domain/core/judge-decision.ts';
import { approvalId } from '../../../src/domain/core/ids.ts';
import { RUN_ID, call, coreRun, verdict } from '../../support/core.ts';

const command = (key: string, revision = 1) => ({
  type: 'decide' as const,
  runId: RUN_ID,
  approvalId: approvalId(RUN_ID, key),
  revision,
  decisionId: 'dec_1',
  decision: 'approve' as const,
});

test('B4 a decision is early while the model step of its turn is out, or the step that makes its revision', () => {
  const run = coreRun();
  run.apply({ type: 'begin_turn' });
  expect(run.state.phase).toBe('asking');
  expect(isEarly(run.state, command('call_1_0'))).toBe(true);
  expect(isEarly(run.state, command('call_2_0'))).toBe(false);
  expect(isEarly(run.state, { ...command('call_1_0'), approvalId: 'tool-approval:other:call_1_0' })).toBe(false);

  const asked = coreRun();
  asked.asks(call(1, 0, verdict('ask')));
  expect(isEarly(asked.state, command('call_1_0'))).toBe(false);
  expect(isEarly(asked.state, command('call_1_0', 2))).toBe(false);
  asked.decides('call_1_0', 'approve');
  asked.apply({ type: 'dispatch', toolCallId: 'call_1_0' });
  expect(isEarly(asked.state, command('call_1_0'))).toBe(false);
  expect(isEarly(asked.state, command('call_1_0', 2))).toBe(true);
  asked.apply({ type: 'cancel', channel: 'api' });
  expect(isEarly(asked.state, command('call_1_0', 2))).toBe(false);
});
