// Operators and a real run: parked calls as the gate parks them, and what the run makes of what is said about them.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CommandedRun } from '../../src/contract/run-commands.ts';
import { effectKey } from '../../src/domain/core/ids.ts';
import { asksFor, recordingTool, says, testAgent } from '../../src/testing/index.ts';
import type { Person, World } from '../../src/testing/index.ts';
import { makeBlob } from '../../src/store/blobs.ts';
import { settleEffect } from '../../src/store/effects.ts';
import { verifyStoredChain } from '../../src/store/verify-stored-chain.ts';
import { waitFor } from '../support/wait-for.ts';
import { testWorld } from '../support/world.ts';

const refund = recordingTool('refund');
const agent = testAgent({ tools: [refund], script: [asksFor('refund', {}), says('Done.')] });

let world: World;
let anna: Person;
beforeAll(async () => {
  world = await testWorld({ agents: [agent] });
  anna = await world.person('anna');
});
afterAll(() => world[Symbol.asyncDispose]());

const reason = 'I looked it up at the bank.';
const effectsOf = (runId: string) => refund.callsOf(runId).length;

/** An attempt has reserved the call and was never heard of again. */
async function parked() {
  const run = await anna.startRun({});
  const approval = await run.pending();
  const key = effectKey(run.runId, approval.toolCallId, 1);
  await world.store.pool.query(
    `INSERT INTO effects (tenant, effect_key, run_id, digest, effect, epoch, nonce, reserved_at)
     VALUES ($1, $2, $3, $4, 'once', 1, 'lost', $5)`,
    [world.scope.tenant, key, run.runId, approval.digest, Date.now()],
  );
  expect((await run.decide(approval, 'approve')).status).toBe(200);
  const { status, attentions } = await run.settles();
  const call = attentions[0]?.call;
  expect([status, attentions[0]?.code, call?.effectKey, call?.digest, call?.epoch]).toEqual([
    'needs_attention',
    'outcome_unknown',
    key,
    approval.digest,
    1,
  ]);
  const { toolCallId, epoch, digest } = call as NonNullable<typeof call>;
  return { run, key, shown: { toolCallId, epoch, digest, reason } };
}

const ledgerOf = async (key: string) =>
  (await world.store.pool.query('SELECT epoch, settled_at, resolved_by FROM effects WHERE effect_key = $1', [key]))
    .rows[0] as { epoch: number; settled_at: number | null; resolved_by: string | null };

describe('B3 an unknown outcome', () => {
  test('mark_done: the run goes on with what the person says; the tool never runs, the ledger knows who said so', async () => {
    const { run, key, shown } = await parked();
    const done = await run.resolve({ ...shown, resolution: 'mark_done', result: { paid: true } });
    expect([done.status, (done.body as CommandedRun).outcome]).toEqual([200, 'recorded']);
    expect(await run.settles()).toMatchObject({ status: 'completed', attentions: [] });
    expect(effectsOf(run.runId)).toBe(0);
    expect(await ledgerOf(key)).toMatchObject({ epoch: 1, resolved_by: 'anna', settled_at: expect.any(Number) });
    expect((await run.event('tool.completed')).data).toMatchObject({ suppliedBy: 'person' });
    expect(await verifyStoredChain(world.store, world.scope, run.runId)).toMatchObject({ ok: true });
  });

  test('S4.5 retry: it runs once more, under the next epoch', async () => {
    const { run, key, shown } = await parked();
    const retried = await run.resolve({ ...shown, resolution: 'retry' });
    expect([retried.status, (retried.body as CommandedRun).warnings]).toEqual([
      200,
      [expect.objectContaining({ code: 'attempt_may_still_run' })],
    ]);
    expect(await run.settles()).toMatchObject({ status: 'completed' });
    expect(effectsOf(run.runId)).toBe(1);
    expect(await ledgerOf(key)).toMatchObject({ epoch: 2, resolved_by: null });
  });

  test('fail: the model hears that it failed', async () => {
    const { run, shown } = await parked();
    expect((await run.resolve({ ...shown, resolution: 'fail' })).status).toBe(200);
    expect(await run.settles()).toMatchObject({ status: 'completed' });
    expect(effectsOf(run.runId)).toBe(0);
    expect((await run.event('tool.failed')).data).toMatchObject({ code: 'failed_by_operator' });
  });

  test('five say five things at once: one is followed, the others hear that they are late', async () => {
    const { run, shown } = await parked();
    const answers = await Promise.all(
      (['fail', 'fail', 'mark_done', 'mark_done', 'fail'] as const).map((resolution, index) =>
        run.resolve({ ...shown, resolution, ...(resolution === 'mark_done' && { result: index }) }),
      ),
    );
    const statuses = answers.map(({ status }) => status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(1);
    for (const { status, body } of answers.filter((answer) => answer.status !== 200)) {
      expect([409, 410]).toContain(status);
      expect(['not_parked', 'effect_settled', 'run_over']).toContain((body as { code: string }).code);
    }
    expect(await run.settles()).toMatchObject({ status: 'completed' });
    expect((await run.types()).filter((type) => type === 'effect.resolved')).toHaveLength(1);
  });

  test('the attempt reports after all: the operator hears so, and the run goes on with what really happened', async () => {
    const { run, key, shown } = await parked();
    const blob = makeBlob({ result: { paid: 'indeed' } });
    const settled = await settleEffect(world.store, {
      tenant: world.scope.tenant,
      effectKey: key,
      epoch: 1,
      nonce: 'lost',
      outcome: { type: 'completed', resultRef: blob.ref },
      blobs: [blob],
      nowMs: Date.now(),
    });
    expect(settled.state).toBe('settled');
    const refused = await run.resolve({ ...shown, resolution: 'fail' });
    expect([refused.status, (refused.body as { code: string }).code]).toEqual([409, 'effect_settled']);
    expect(await waitFor('the run to go on', async () => (await run.get()).status === 'completed')).toBe(true);
    const told = await run.event('tool.completed');
    expect(told.data).not.toHaveProperty('suppliedBy');
    expect(told.content).toMatchObject({ result: { paid: 'indeed' } });
    expect(effectsOf(run.runId)).toBe(0);
  });
});
