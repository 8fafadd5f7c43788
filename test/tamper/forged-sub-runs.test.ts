/**
 * Nobody signs the start of a sub-run, nor that a run is another agent's by now: whoever writes it into the store, or says so,
 * must not get anything run by it.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createCurrentPolicies } from '../../src/activities/current-policy.ts';
import { deriveSubRun } from '../../src/activities/derive-sub-run.ts';
import { createPinnedRuns } from '../../src/activities/pinned-run.ts';
import { subAgent } from '../../src/adapters/tools/built-in/sub-agent.ts';
import { transferTo } from '../../src/adapters/agents/transfer-to.ts';
import { effectKey, subRunId } from '../../src/domain/core/ids.ts';
import type { AgentDefinition } from '../../src/domain/schemas/agent.ts';
import type { RunToolInput } from '../../src/domain/schemas/step.ts';
import type { Transfer } from '../../src/domain/schemas/transfer.ts';
import { createLogger } from '../../src/platform/logger.ts';
import { trustedKeys } from '../../src/platform/signing-keys.ts';
import { makeBlob, putBlobs } from '../../src/store/blobs.ts';
import { createSubRun } from '../../src/store/sub-runs.ts';
import { recordingTool, says, testAgent } from '../../src/testing/index.ts';
import { stepDependencies } from '../../src/worker/step-dependencies.ts';
import { openGate } from '../support/gate.ts';
import type { Gate, GateRun } from '../support/gate.ts';

const SCOPE = { tenant: 'acme', project: 'web' };
const NO_PROVIDER = { apiKey: undefined, baseUrl: undefined };
const refund = recordingTool('refund');
const allowed = { id: 'refund', match: 'refund', effect: 'allow' } as const;
const cashier = testAgent({ name: 'cashier', tools: [refund], policy: [allowed], script: [says('Done.')] });
const auditor = testAgent({ name: 'auditor', tools: [refund], policy: [allowed], script: [says('Done.')] });
const desk = testAgent({
  name: 'desk',
  tools: [
    subAgent({ agent: cashier, description: 'Pays money back.' }),
    subAgent({ agent: auditor, description: 'Looks at books.' }),
    transferTo({ agent: cashier }),
    transferTo({ agent: auditor }),
  ],
  policy: [
    { id: 'cashier', match: 'cashier', effect: 'allow' },
    { id: 'to-cashier', match: 'transfer_to_cashier', effect: 'allow' },
  ],
  script: [says('Done.')],
});

let gate: Gate;
let parent: GateRun;
beforeEach(async () => {
  gate = await openGate(desk);
  parent = await gate.run();
});
afterEach(() => gate[Symbol.asyncDispose]());

/** The sub-run of an honest call, as the gate makes it. */
const honest = async (): Promise<{ input: RunToolInput; childId: string }> => {
  const input = await parent.judged('cashier', { input: 'Refund order 7.' });
  const result = await gate.dispatch(input);
  if (result.type !== 'sub_run') throw new Error(`The gate says ${JSON.stringify(result)}.`);
  return { input, childId: result.runId };
};

const parts = () =>
  stepDependencies({
    store: gate.store,
    clock: { nowMs: async () => gate.nowMs },
    logger: createLogger({ level: 'silent', service: 'tamper' }),
    trust: trustedKeys(gate.keys),
    agents: [desk],
    models: { openai: NO_PROVIDER, anthropic: NO_PROVIDER, google: NO_PROVIDER, compatible: NO_PROVIDER },
    workspacesRoot: '/nowhere',
    forbidden: [],
  });

const pinnedRuns = () => createPinnedRuns(parts(), createCurrentPolicies(gate.store));

/** What a step for that run comes to, on a worker that has not seen it before. */
const act = (runId: string, input: RunToolInput) =>
  gate.dispatch({ ...input, tool: 'refund', run: { ...input.run, runId } }, { agents: [desk] });

const alterStart = async (runId: string, alter: (start: Record<string, unknown>) => unknown): Promise<void> => {
  const { rows } = await gate.store.pool.query('SELECT start_bytes FROM runs WHERE run_id = $1', [runId]);
  const start = JSON.parse((rows[0] as { start_bytes: string }).start_bytes) as Record<string, unknown>;
  const bytes = JSON.stringify(alter(start));
  await gate.store.pool.query('UPDATE runs SET start_bytes = $2 WHERE run_id = $1', [runId, bytes]);
};

const parentOf = (start: Record<string, unknown>) => start['parent'] as Record<string, unknown>;

describe('the start of a sub-run', () => {
  test('S1.15 that follows from its parent is acted for: only its call is missing', async () => {
    const { input, childId } = await honest();
    const { start, path, parent: above } = await pinnedRuns().load({ ...SCOPE, runId: childId });
    expect(start).toMatchObject({ runId: childId, agent: 'cashier', requester: { principal: 'rita' } });
    expect([path, above?.run.start.runId]).toEqual([['desk', 'cashier'], parent.runId]);
    expect(await act(childId, input)).toMatchObject({ type: 'refused', code: 'arguments_changed' });
  });

  test('S1.15 the same call is the same sub-run, however often it is tried', async () => {
    const { input, childId } = await honest();
    expect(await gate.dispatch(input)).toMatchObject({ type: 'sub_run', runId: childId });
    const { rows } = await gate.store.pool.query('SELECT count(*)::int AS count FROM runs');
    expect(rows).toEqual([{ count: 2 }]);
  });

  test.each([
    ['another agent', (start: Record<string, unknown>) => ({ ...start, agent: 'auditor' })],
    ['another definition', (start: Record<string, unknown>) => ({ ...start, agentDigest: `sha256:${'a'.repeat(64)}` })],
    [
      'another input',
      (start: Record<string, unknown>) => ({ ...start, inputRef: { sha256: 'b'.repeat(64), bytes: 9 } }),
    ],
    [
      'another requester',
      (start: Record<string, unknown>) => ({ ...start, requester: { principal: 'eve', groups: [] } }),
    ],
    ['another salt', (start: Record<string, unknown>) => ({ ...start, salt: '0'.repeat(32) })],
    [
      'a shorter path',
      (start: Record<string, unknown>) => ({ ...start, parent: { ...parentOf(start), path: ['cashier'] } }),
    ],
    [
      'another basis',
      (start: Record<string, unknown>) => ({ ...start, parent: { ...parentOf(start), basis: 'expiry' } }),
    ],
    ['no parent', ({ parent: _, ...start }: Record<string, unknown>) => start],
    [
      'fields of its own',
      (start: Record<string, unknown>) => ({ ...start, stateRef: { sha256: 'b'.repeat(64), bytes: 9 } }),
    ],
  ])('S1.15 that names %s is a forgery: nothing runs, and it is told', async (_, alter) => {
    const { input, childId } = await honest();
    await alterStart(childId, alter);
    await expect(act(childId, input)).rejects.toThrow();
    expect(await gate.refusals()).toHaveLength(1);
    expect(refund.calls).toEqual([]);
  });

  test('S1.15 that names other arguments, which nobody has judged, is a forgery', async () => {
    const { input, childId } = await honest();
    const args = makeBlob({ input: 'Refund everything.' });
    await putBlobs(gate.store, SCOPE.tenant, [args]);
    await alterStart(childId, (start) => ({ ...start, parent: { ...parentOf(start), argumentsRef: args.ref } }));
    await expect(act(childId, input)).rejects.toThrow();
    expect(await gate.refusals()).toEqual(['sub_run_forged']);
  });

  test('S1.15 that names another run as its parent is a forgery', async () => {
    const { input, childId } = await honest();
    const other = await gate.run();
    await alterStart(childId, (start) => ({ ...start, parent: { ...parentOf(start), runId: other.runId } }));
    await expect(act(childId, input)).rejects.toThrow();
    expect(await gate.refusals()).toEqual(['sub_run_not_reserved']);
  });

  test('S1.15 a root run cannot be made of one, nor a run without a signature', async () => {
    const { input, childId } = await honest();
    await gate.store.pool.query(
      'UPDATE runs SET start_bytes = (SELECT start_bytes FROM runs WHERE run_id = $2) WHERE run_id = $1',
      [parent.runId, childId],
    );
    await expect(act(parent.runId, input)).rejects.toThrow();
    expect(await gate.refusals()).toEqual(['start_not_attested']);
  });
});

describe('a sub-run that nobody has let begin', () => {
  /** Everything that whoever writes into the store can write: its row, derived as it should be, and the ledger's. */
  const invent = async (basis: 'rule' | 'consent', definition: AgentDefinition) => {
    const input = await parent.judged('auditor', { input: 'Change the books.' }, 3, { isAsked: basis === 'consent' });
    const run = await pinnedRuns().load({ ...SCOPE, runId: parent.runId });
    const { toolCallId, revision, argumentsRef, factsRef } = input;
    const call = { toolCallId, revision, basis, argumentsRef, factsRef };
    const derived = deriveSubRun(run, definition, call, 'Change the books.');
    const { start, bytes } = derived;
    const row = {
      ...SCOPE,
      runId: start.runId,
      rootRunId: parent.runId,
      parentRunId: parent.runId,
      parentCallId: toolCallId,
      agent: start.agent,
      agentDigest: start.agentDigest,
      policyDigest: start.policyDigest,
      requester: 'rita',
      requesterGroups: [],
      inputRef: start.inputRef,
      conversationId: null,
      labels: {},
      idempotencyKey: null,
      requestDigest: input.digest,
      startCommand: { bytes, jws: '' },
      createdAt: gate.nowMs,
    };
    await createSubRun(gate.store, row, { definition: derived.definition, blobs: [derived.input], maxSubRuns: 50 });
    return { input, childId: start.runId };
  };
  const forgeLedger = ({ toolCallId, digest }: RunToolInput) =>
    gate.store.pool.query(
      `INSERT INTO effects (tenant, effect_key, run_id, digest, effect, epoch, nonce, reserved_at)
       VALUES ($1, $2, $3, $4, 'idempotent', 1, 'forged', $5)`,
      [SCOPE.tenant, effectKey(parent.runId, toolCallId, 1), parent.runId, digest, gate.nowMs],
    );
  const auditorDefinition = (): AgentDefinition => {
    const found = desk.tools[1]?.agent?.definition;
    if (!found) throw new Error('The desk calls the auditor.');
    return found;
  };

  test('S1.15 does nothing without an entry in the ledger of its parent', async () => {
    const { input, childId } = await invent('rule', auditorDefinition());
    expect(childId).toBe(subRunId(parent.runId, parent.runId, 'call_1_3'));
    await expect(act(childId, input)).rejects.toThrow();
    expect(await gate.refusals()).toEqual(['sub_run_not_reserved']);
  });

  test.each(['rule', 'consent'] as const)(
    'S1.15 does nothing with one that says %s: no rule allows its call, nobody has signed for it',
    async (basis) => {
      const { input, childId } = await invent(basis, auditorDefinition());
      await forgeLedger(input);
      await gate.store.pool.query(`UPDATE approvals SET status = 'approved' WHERE run_id = $1`, [parent.runId]);
      await expect(act(childId, input)).rejects.toThrow();
      expect(await gate.refusals()).toEqual(['sub_run_forged']);
      expect(refund.calls).toEqual([]);
    },
  );
});

describe('a run that is another agent’s', () => {
  const proofOf = ({ toolCallId, revision, basis, argumentsRef, factsRef }: RunToolInput) => ({
    toolCallId,
    revision,
    basis,
    argumentsRef,
    factsRef,
  });
  const handedOver = async (): Promise<RunToolInput> => {
    const input = await parent.judged('transfer_to_cashier', { reason: 'Money.' });
    expect(await gate.dispatch(input)).toMatchObject({ type: 'completed' });
    return input;
  };
  const loaded = (...transfers: readonly Transfer[]) => pinnedRuns().load({ ...SCOPE, runId: parent.runId, transfers });

  test('S3.13 by a call that has happened is acted for as that one, under its rules', async () => {
    const run = await loaded(proofOf(await handedOver()));
    expect([run.start.agent, run.path, run.definition.tools.map(({ name }) => name)]).toEqual([
      'cashier',
      ['cashier'],
      ['refund'],
    ]);
    expect(run.start.agentDigest).not.toBe(
      (await pinnedRuns().load({ ...SCOPE, runId: parent.runId })).start.agentDigest,
    );
  });

  test('S3.13 without an entry in the ledger is a forgery, told by whoever was to act', async () => {
    const input = await parent.judged('transfer_to_cashier', { reason: 'Money.' });
    const run = { ...input.run, transfers: [proofOf(input)] };
    await expect(gate.dispatch({ ...input, tool: 'refund', run })).rejects.toThrow();
    expect(await gate.refusals()).toEqual(['call_not_reserved']);
  });

  test('S3.13 by a call that nobody has let happen, by one that did not, or by another, is a forgery', async () => {
    const denied = await parent.judged('transfer_to_auditor', { reason: 'Books.' }, 2, { isAsked: true });
    await gate.store.pool.query(
      `INSERT INTO effects (tenant, effect_key, run_id, digest, effect, epoch, nonce, reserved_at, settled_at, outcome)
       VALUES ($1, $2, $3, $4, 'idempotent', 1, 'forged', $5, $5, 'completed')`,
      [SCOPE.tenant, effectKey(parent.runId, denied.toolCallId, 1), parent.runId, denied.digest, gate.nowMs],
    );
    for (const basis of ['rule', 'consent'] as const)
      await expect(loaded({ ...proofOf(denied), basis })).rejects.toMatchObject({ type: 'transfer_forged' });
    const { input } = await honest();
    await expect(loaded(proofOf(input))).rejects.toMatchObject({ type: 'transfer_forged' });
  });

  test('S3.13 by a call that failed, or that a person answered, is none', async () => {
    const input = await handedOver();
    for (const change of [`outcome = 'failed'`, `outcome = 'completed', resolved_by = 'olga'`]) {
      await gate.store.pool.query(`UPDATE effects SET ${change} WHERE tenant = $1`, [SCOPE.tenant]);
      await expect(loaded(proofOf(input))).rejects.toMatchObject({ type: 'transfer_not_done' });
    }
  });

  test('S3.13 by a sequence that its agent does not have is a forgery', async () => {
    await expect(loaded({ sequence: true })).rejects.toMatchObject({ type: 'transfer_forged' });
  });
});
