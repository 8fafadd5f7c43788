/** A worker that dies at each point between reserving an effect and settling it: counted outside, nothing is guessed. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Person, StartedRun } from '../../src/testing/index.ts';
import { verifyStoredChain } from '../../src/store/verify-stored-chain.ts';
import { createInstallation } from '../support/installation.ts';
import type { ApiProcess, Installation } from '../support/installation.ts';
import type { ServerProcess } from '../../src/testing/server-process.ts';
import type { Outside } from '../support/outside.ts';
import { untilEnded } from '../support/until-ended.ts';
import { waitFor } from '../support/wait-for.ts';

let installation: Installation;
let api: ApiProcess;
let anna: Person;

beforeAll(async () => {
  installation = await createInstallation();
  api = await installation.startApi();
  anna = await installation.person('anna', api);
});
/** The only worker there is, at any time. */
let worker: ServerProcess | undefined;
afterEach(() => worker?.kill());
afterAll(() => installation[Symbol.asyncDispose]());

/** The tool has taken its worker along; another one is there, and the tool would work now. */
const crash = async (
  agent: 'sender' | 'syncer',
  outside: Outside,
  meanwhile: (run: StartedRun) => Promise<unknown> = async () => {},
): Promise<StartedRun> => {
  const victim = (worker = await installation.startWorker());
  const run = await anna.startRun({ agent, input: outside.input });
  await run.decide(await run.pending(), 'approve');
  await waitFor('the worker to die', () => !victim.isRunning());
  outside.openGate();
  await meanwhile(run);
  worker = await installation.startWorker();
  return run;
};
const resolve = async (run: StartedRun, body: object) => {
  const answer = await run.resolve({ toolCallId: 'call_1_0', reason: 'I have looked.', ...body });
  expect(answer).toMatchObject({ status: 200 });
};
const expectWhole = async (run: StartedRun) =>
  expect(await verifyStoredChain(installation.store, installation.scope, run.runId)).toMatchObject({ ok: true });

test(
  'B3 after the reservation, before the effect: unknown, and a retry that an operator orders has the only effect',
  { timeout: 90_000 },
  async () => {
    const outside = installation.outside('die_before');
    const run = await crash('sender', outside);
    await run.event('tool.outcome_unknown');
    expect([outside.entries().length, outside.effects().length]).toEqual([1, 0]);
    await resolve(run, { resolution: 'retry' });
    expect(await untilEnded(run)).toMatchObject({ status: 'completed', output: 'Sent.' });
    expect([outside.entries().length, outside.effects().length]).toEqual([2, 1]);
    await expectWhole(run);
  },
);

test('B3 after the effect, before it is settled: unknown, and never a second effect', { timeout: 90_000 }, async () => {
  const outside = installation.outside('die_after');
  const run = await crash('sender', outside);
  await run.event('tool.outcome_unknown');
  expect(outside.effects()).toHaveLength(1);
  await resolve(run, { resolution: 'mark_done', result: { ok: true } });
  expect(await untilEnded(run)).toMatchObject({ status: 'completed', output: 'Sent.' });
  expect([outside.entries().length, outside.effects().length]).toEqual([1, 1]);
  expect(await run.event('tool.completed')).toMatchObject({ data: { suppliedBy: 'person' } });
  await expectWhole(run);
});

test('B3 what may be repeated is, under the same key', { timeout: 90_000 }, async () => {
  const outside = installation.outside('die_after');
  const run = await crash('syncer', outside);
  expect(await untilEnded(run)).toMatchObject({ status: 'completed', output: 'Synced.' });
  const keys = outside.effects().map(({ effectKey }) => effectKey);
  expect(keys).toEqual(Array<string>(2).fill(`tool-approval:${run.runId}:call_1_0.1`));
  await expectWhole(run);
});

test(
  'B3 a step that breaks for good after the effect leaves an unknown outcome, not a failure',
  { timeout: 90_000 },
  async () => {
    const outside = installation.outside('die_after');
    const run = await crash('sender', outside, ({ runId }) =>
      installation.store.pool.query("UPDATE runs SET start_jws = 'not.the.one' WHERE run_id = $1", [runId]),
    );
    expect(await run.event('tool.outcome_unknown')).toMatchObject({ data: { toolCallId: 'call_1_0' } });
    expect([outside.entries().length, outside.effects().length]).toEqual([1, 1]);
  },
);
