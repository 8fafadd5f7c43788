/**
 * Somebody with full access to Temporal schedules our steps by workflows of their own, with forged input. Nothing runs,
 * nothing is written into the record of a run, the refusal is typed and audited, and the run itself goes on.
 */
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { asksFor, recordingTool, says, testAgent } from '../../src/testing/index.ts';
import type { Person, World } from '../../src/testing/index.ts';
import { workflowId } from '../../src/domain/core/ids.ts';
import type { SignedCommand } from '../../src/domain/schemas/command.ts';
import type { RunToolInput } from '../../src/domain/schemas/step.ts';
import { createCommandSigner } from '../../src/gateway/sign-command.ts';
import { createSigningKeys } from '../../src/platform/signing-keys.ts';
import { currentAgent } from '../../src/store/definitions.ts';
import { verifyStoredChain } from '../../src/store/verify-stored-chain.ts';
import { person } from '../support/core.ts';
import { prepareRun, readRefusals } from '../support/gate-run.ts';
import type { GateRun, PrepareOptions } from '../support/gate-run.ts';
import { storeGrant } from '../support/grants.ts';
import { testWorld } from '../support/world.ts';
import type { ForgedStep } from './workflows/forged-dispatch.ts';

const refund = recordingTool('refund', { input: z.strictObject({ amount: z.number() }) });
const agent = testAgent({
  script: [asksFor('refund', { amount: 5 }), says('Done.')],
  tools: [refund],
  policy: [{ id: 'others', match: '*', effect: 'ask', approvers: { notRequester: true } }],
});

let world: World;
let anna: Person;
let rita: Person;
let client: Client;
let attacker: { readonly taskQueue: string; stop(): Promise<void> };

beforeAll(async () => {
  world = await testWorld({ agents: [agent] });
  [anna, rita] = await Promise.all([world.person('anna'), world.person('rita')]);
  const native = await NativeConnection.connect({ address: world.temporalAddress });
  const connection = await Connection.connect({ address: world.temporalAddress });
  client = new Client({ connection });
  const taskQueue = `${world.taskQueue}-attacker`;
  const worker = await Worker.create({
    connection: native,
    taskQueue,
    workflowsPath: fileURLToPath(new URL('workflows/forged-dispatch.ts', import.meta.url)),
  });
  const running = worker.run();
  attacker = {
    taskQueue,
    async stop() {
      worker.shutdown();
      await running;
      await native.close();
      await connection.close();
    },
  };
}, 60_000);
afterAll(async () => {
  await attacker?.stop();
  await world?.[Symbol.asyncDispose]();
});

/** What our worker answers to a workflow of this id. */
const ask = async (asAs: string, step: string, input: unknown): Promise<{ type?: string; code?: string }> => {
  const forged: ForgedStep = { taskQueue: world.taskQueue, step, input };
  return client.workflow.execute('agentRun', { workflowId: asAs, taskQueue: attacker.taskQueue, args: [forged] });
};
let ids = 0;
const foreignId = () => `${world.taskQueue}-foreign-${++ids}`;
/** A run that the bridge has signed and never started: its workflow id is free. */
const unstarted = async (options: PrepareOptions = {}): Promise<GateRun> => {
  const current = await currentAgent(world.store, world.scope, 'helper');
  if (!current) throw new Error('The agent is registered.');
  const signer = await createCommandSigner(world.keys);
  const nowMs = () => Date.now();
  return prepareRun({ store: world.store, signer, definition: current.definition, nowMs }, options);
};
const idOf = ({ start }: GateRun) => workflowId(start);
/** The same refusal, wherever it comes from, and that it was told. */
const expectRefusal = async (answer: Promise<{ type?: string; code?: string }>, code: string): Promise<void> => {
  const told = (await readRefusals(world.store)).length;
  expect((await answer).code).toBe(code);
  expect((await readRefusals(world.store)).slice(told)).toEqual([code]);
};

test(
  'S4.1 a workflow of somebody else gets no step of a run: nothing runs, nothing is stored, the run goes on',
  { timeout: 60_000 },
  async () => {
    const run = await rita.startRun({ agent: 'helper' });
    const approval = await run.pending();
    const { tenant, project } = world.scope;
    const address = { tenant, project, runId: run.runId, rootRunId: run.runId };
    const before = await run.types();
    const over = { type: 'run.completed', at: Date.now(), data: { receipts: [] } };
    const events = [{ ordinal: before.length + 1, event: over }];
    const flushed = { run: { ...address, agentDigest: `sha256:${'0'.repeat(64)}` }, events };
    for (const step of ['flush', 'callModel']) {
      const input = { ...flushed, turn: 1, attempt: 0, facts: { startedAt: 0, toolCalls: 0, usage: {} } };
      await expectRefusal(ask(foreignId(), step, input), 'foreign_caller');
    }
    const blob = { sha256: 'f'.repeat(64), bytes: 1 };
    const dispatch = {
      ...{ run: flushed.run, events, turn: 1, toolCallId: 'call_1_0', tool: 'refund', revision: 1, basis: 'rule' },
      ...{ argumentsRef: blob, factsRef: blob, digest: approval.digest, evidence: [] },
    };
    await expectRefusal(ask(foreignId(), 'runTool', dispatch), 'foreign_caller');
    expect(await ask(foreignId(), 'runTool', { nonsense: true })).toMatchObject({ code: 'invalid_input' });
    expect(await ask(foreignId(), 'runTool', null)).toMatchObject({ code: 'invalid_input' });
    expect(await run.types()).toEqual(before);
    expect(refund.calls).toEqual([]);

    const decided = await anna.run(run.runId).decide(approval, 'approve');
    expect(decided.status).toBe(200);
    expect(await run.ends()).toMatchObject({ status: 'completed', output: 'Done.' });
    expect(refund.calls).toHaveLength(1);
    expect(await verifyStoredChain(world.store, world.scope, run.runId)).toMatchObject({ ok: true });
  },
);

test(
  'S4.1 a run that nobody started, or whose start somebody else has signed, gets nothing',
  { timeout: 60_000 },
  async () => {
    const before = refund.calls.length;
    const known = await unstarted();
    const call = await known.judged('refund', { amount: 5 });
    const stranger = `run_${'c'.repeat(26)}`;
    const unknown = { ...call.run, runId: stranger, rootRunId: stranger };
    await expectRefusal(ask(workflowId(unknown), 'runTool', { ...call, run: unknown }), 'unknown_run');
    const forger = await createCommandSigner(await createSigningKeys(Date.now()));
    const forged = await unstarted({ startedBy: forger });
    const theirs = await forged.judged('refund', { amount: 5 });
    await expectRefusal(ask(idOf(forged), 'runTool', theirs), 'start_not_attested');
    expect(refund.calls).toHaveLength(before);
  },
);

test(
  'S4.1 a workflow under the id of a real run gets nothing by a forged policy, requester, grant or consent',
  { timeout: 120_000 },
  async () => {
    const before = refund.calls.length;
    const forger = await createCommandSigner(await createSigningKeys(Date.now()));
    const context = { ...world.scope, authTime: Date.now(), channel: 'api' as const, nowMs: Date.now() };
    const resigned = (signed: SignedCommand) =>
      forger.sign(JSON.parse(signed.bytes), { ...context, actor: person('anna') });
    const attempts: [string, (run: GateRun, call: RunToolInput) => Promise<RunToolInput>][] = [
      ['not_allowed_by_rule', async (_, call) => ({ ...call, basis: 'rule' })],
      ['not_allowed_by_expiry', async (_, call) => ({ ...call, basis: 'expiry' })],
      ['grant_missing', async (_, call) => ({ ...call, basis: 'grant', grantId: 'grant_of_mine' })],
      [
        'grant_untrusted_key',
        async (run, call) => {
          const constraints = { '/amount': { any: true } };
          const made = await storeGrant(world.store, run, { constraints, nowMs: Date.now() });
          const { rows } = await world.store.pool.query<SignedCommand>(
            'SELECT bytes, jws FROM grants WHERE grant_id = $1',
            [made],
          );
          const [row] = rows;
          const { jws } = row ? await resigned(row) : { jws: '' };
          await world.store.pool.query('UPDATE grants SET jws = $2 WHERE grant_id = $1', [made, jws]);
          return { ...call, basis: 'grant', grantId: made };
        },
      ],
      ['consent_missing', async (_, call) => call],
      [
        'consent_untrusted_key',
        async (run, call) => ({ ...call, evidence: [await resigned(await run.consent(call))] }),
      ],
      [
        'consent_self_approval',
        async (run, call) => ({ ...call, evidence: [await run.consent(call, {}, { actor: person('rita') })] }),
      ],
      [
        'consent_self_approval',
        // The key of somebody else, made by the requester.
        async (run, call) => ({
          ...call,
          evidence: [await run.consent(call, {}, { actor: { ...person('bo'), createdBy: 'rita' } })],
        }),
      ],
    ];
    for (const [code, forge] of attempts) {
      const run = await unstarted();
      const call = await run.judged('refund', { amount: 5 });
      await expectRefusal(ask(idOf(run), 'runTool', await forge(run, call)), code);
      expect(refund.calls).toHaveLength(before);
    }
    // The gate would let it through: what was refused above was refused for what it was.
    const run = await unstarted();
    const call = await run.judged('refund', { amount: 5 });
    expect(await ask(idOf(run), 'runTool', { ...call, evidence: [await run.consent(call)] })).toMatchObject({
      type: 'completed',
    });
    expect(refund.calls).toHaveLength(before + 1);
  },
);
