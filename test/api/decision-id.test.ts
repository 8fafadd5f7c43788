import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { decisionId, hasSameContent, hasSameKey } from '../../src/api/decisions/decision-id.ts';
import type { DecideApproval } from '../../src/contract/decisions.ts';
import { DecisionId } from '../../src/contract/decisions.ts';

const fingerprint = (text: string) => createHmac('sha256', 'a secret').update(text).digest();
const base = {
  approvalId: 'tool-approval:run_a:call_1_0',
  revision: 1,
  principal: 'ada',
  idempotencyKey: undefined,
  fingerprint,
};
const request: DecideApproval = { decision: 'edit', digest: `sha256:${'a'.repeat(64)}`, arguments: { amount: 1 } };
const id = (changes: object = {}, said: object = {}) =>
  decisionId({ ...base, ...changes, request: { ...request, ...said } });

describe('names of decisions', () => {
  test('the same words are the same decision, in whatever order they come', () => {
    expect(DecisionId.safeParse(id()).success).toBe(true);
    expect(id()).toBe(id());
    expect(id({}, { arguments: { b: 1, a: 2 } })).toBe(id({}, { arguments: { a: 2, b: 1 } }));
    expect(id({}, { force: true })).toBe(id());
  });

  test.each([
    ['other arguments', {}, { arguments: { amount: 2 } }],
    ['another reason', {}, { reason: 'Too much.' }],
    ['another kind', {}, { decision: 'reject' }],
    ['another person', { principal: 'grace' }, {}],
    ['another approval', { approvalId: 'tool-approval:run_b:call_1_0' }, {}],
    ['what was shown', {}, { digest: `sha256:${'b'.repeat(64)}` }],
  ])('%s: another decision', (_name, changes, said) => {
    expect(id(changes, said)).not.toBe(id());
    expect(hasSameKey(id(changes, said), id())).toBe(false);
  });

  test('an edit that made the next revision is known again by what was shown, not by the revision', () => {
    expect(id({ revision: 2 })).toBe(id({ revision: 1 }));
    const unseen = { digest: undefined, decision: 'reject' };
    expect(id({ revision: 2 }, unseen)).not.toBe(id({ revision: 1 }, unseen));
  });

  test('under one key other words are told apart; under two keys the same words are two decisions that say the same', () => {
    const keyed = { idempotencyKey: 'k-1' };
    expect(id(keyed)).toBe(id(keyed));
    const other = id(keyed, { arguments: { amount: 2 } });
    expect([hasSameKey(other, id(keyed)), hasSameContent(other, id(keyed))]).toEqual([true, false]);
    const again = id({ idempotencyKey: 'k-2' });
    expect([hasSameKey(again, id(keyed)), hasSameContent(again, id(keyed))]).toEqual([false, true]);
  });
});
