/** A worker that freezes between the gate's proof and the ledger, while another attempt of the step is refused. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { recordingTool, testAgent } from '../../src/testing/index.ts';
import { openGate } from '../support/gate.ts';
import type { Gate } from '../support/gate.ts';
import { waitFor } from '../support/wait-for.ts';

const refund = recordingTool('refund', { effect: 'idempotent' });
const agent = testAgent({ script: [], tools: [refund] });

let gate: Gate;
beforeAll(async () => {
  gate = await openGate(agent);
});
afterAll(() => gate[Symbol.asyncDispose]());

/** The next reservation waits before it reaches the database. */
const freeze = () => {
  const { pool } = gate.store;
  const query = pool.query.bind(pool) as (...given: unknown[]) => Promise<unknown>;
  let isFrozen = false;
  let thaw = (): void => {};
  const thawed = new Promise<void>((resolve) => {
    thaw = resolve;
  });
  const slow = async (...given: unknown[]): Promise<unknown> => {
    const [{ text }] = given as [{ text: string }];
    if (!isFrozen && text.includes('reserve_effect(')) {
      isFrozen = true;
      await thawed;
    }
    return query(...given);
  };
  Object.assign(pool, { query: slow });
  return {
    isReached: () => isFrozen,
    thaw: () => {
      Object.assign(pool, { query });
      thaw();
    },
  };
};

const approved = async (index: number) => {
  const run = await gate.run();
  const call = { ...(await run.judged('refund', {}, index)), dispatch: 7 };
  return { ...call, evidence: [await run.consent(call)] };
};

test('B2 B9 the approval runs out meanwhile: another attempt is refused, and the frozen one runs nothing', async () => {
  const call = await approved(0);
  const ice = freeze();
  const frozen = gate.dispatch(call);
  await waitFor('the first attempt to be proven', ice.isReached);
  gate.nowMs += 30 * 24 * 3_600_000;
  expect(await gate.dispatch(call)).toMatchObject({ type: 'refused', code: 'execution_expired' });
  ice.thaw();
  expect(await frozen).toMatchObject({ type: 'refused', code: 'dispatch_refused' });
  expect(refund.calls).toHaveLength(0);
});

test('B2 the other attempt has run it meanwhile: the frozen one has its result', async () => {
  const call = await approved(1);
  const ice = freeze();
  const frozen = gate.dispatch(call);
  await waitFor('the first attempt to be proven', ice.isReached);
  const other = await gate.dispatch(call);
  expect(other).toMatchObject({ type: 'completed' });
  ice.thaw();
  expect(await frozen).toEqual(other);
  expect(refund.calls).toHaveLength(1);
});
