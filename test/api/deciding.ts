// Decisions over HTTP, as tests of single answers give them.
import { afterEach } from 'vitest';
import type { DecisionReceipt } from '../../src/contract/decisions.ts';
import type { Problem } from '../../src/contract/problem.ts';
import type { Approval } from '../../src/domain/schemas/approval.ts';
import type { ApiWorld } from './api-world.ts';

interface DecideOptions {
  readonly key?: string;
  readonly headers?: Record<string, string>;
}

export const pathOf = ({ runId, key }: { runId: string; key: string }) => `/v1/runs/${runId}/approvals/${key}`;

/** `worldOf`: the world is made before the tests, these functions before that. */
export function deciding(worldOf: () => ApiWorld) {
  const decide = <T = Problem>(approval: Approval, body: object, options: DecideOptions = {}) =>
    worldOf().call<T>('POST', `${pathOf(approval)}/decisions`, { body, ...options });
  const approve = <T = DecisionReceipt>(approval: Approval, options: DecideOptions = {}) =>
    decide<T>(approval, { decision: 'approve', digest: approval.digest }, options);
  return { decide, approve };
}

/** What a test has made the workflow answer is the test's own. */
export const forgetAnswersAfterEach = (worldOf: () => ApiWorld): void => {
  afterEach(() => {
    const { gateway } = worldOf();
    gateway.onDecide = () => 'accepted';
    gateway.onVerdict = () => undefined;
    gateway.questions.length = 0;
  });
};
