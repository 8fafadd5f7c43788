/** `kill -9` of workers while agents that other agents have called wait, and while they do what people have let them do. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Approval } from '../../src/contract/approvals.ts';
import { subRunId } from '../../src/domain/core/ids.ts';
import type { DecisionKind } from '../../src/domain/schemas/approval.ts';
import type { Person, StartedRun } from '../../src/testing/index.ts';
import { verifyStoredChain } from '../../src/store/verify-stored-chain.ts';
import { createInstallation } from '../support/installation.ts';
import type { ApiProcess, Installation } from '../support/installation.ts';
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
afterAll(() => installation[Symbol.asyncDispose]());

/** What is said to each call of the leaf. */
const DECISIONS = [
  ['approve', {}],
  ['reject', { reason: 'Not this one.' }],
  ['edit', {}],
  ['respond', { response: { ok: true } }],
  ['request_changes', { reason: 'Another way.' }],
  ['respond', { response: 'No.' }],
] as const;

test(
  'S1.15 B3 B6 three agents deep, every kind of decision, at the root or the leaf, while the worker is dead: effects happen once',
  { timeout: 240_000 },
  async () => {
    const outside = installation.outside();
    let worker = await installation.startWorker();
    const run = await anna.startRun({ agent: 'chief', input: outside.input });
    const foreman = anna.run(subRunId(run.runId, run.runId, 'call_1_0'));
    const leaf = anna.run(subRunId(run.runId, foreman.runId, 'call_1_0'));
    const pendingOf = async (one: StartedRun, count: number): Promise<readonly Approval[]> => {
      const pending = async () => {
        const mine = (await run.approvals()).filter(({ runId, status }) => runId === one.runId && status === 'pending');
        return mine.length === count ? mine : undefined;
      };
      return waitFor(`${one.runId} to ask`, pending, { timeoutMs: 60_000 });
    };
    let asked = 0;
    /** With nobody there to hear it, at the leaf's address and at the root's in turn. */
    const says = async (one: StartedRun, approval: Approval, kind: DecisionKind, more: object = {}): Promise<void> => {
      const atRoot = asked++ % 2 === 1;
      const named = atRoot ? { ...approval, key: approval.approvalId } : approval;
      const answer = await (atRoot ? run : one).decide(named, kind, more);
      expect([200, 202]).toContain(answer.status);
    };

    const [first] = await pendingOf(run, 1);
    if (first) await says(run, first, 'approve');
    const [second] = await pendingOf(foreman, 1);
    await worker.kill();
    if (second) await says(foreman, second, 'approve');
    worker = await installation.startWorker();
    const batch = (await pendingOf(leaf, DECISIONS.length)).toSorted((one, other) => one.key.localeCompare(other.key));
    await worker.kill();
    for (const [index, [kind, more]] of DECISIONS.entries()) {
      const approval = batch[index];
      if (!approval) throw new Error('Each call asks.');
      const edited = { ...(approval.arguments as object), gateFile: '/edited' };
      await says(leaf, approval, kind, kind === 'edit' ? { arguments: edited } : more);
    }
    worker = await installation.startWorker();
    const [revision] = await pendingOf(leaf, 1);
    expect(revision).toMatchObject({ toolCallId: 'call_2_0', revision: 2, path: ['chief', 'foreman', 'various'] });
    await worker.kill();
    if (revision) await says(leaf, revision, 'approve');
    worker = await installation.startWorker();

    expect(await untilEnded(run)).toMatchObject({ status: 'completed', output: 'Passed on.' });
    // What was approved, what was edited, and what came of the change: nothing else, and nothing twice.
    const keys = outside.effects().map(({ effectKey }) => effectKey);
    const keyOf = (call: string, revised: number) => `tool-approval:${leaf.runId}:${call}.${revised}`;
    expect(keys.toSorted()).toEqual([keyOf('call_1_0', 1), keyOf('call_1_2', 1), keyOf('call_2_0', 2)]);
    const events = await run.events();
    const ended = events.filter(({ type }) => type === 'run.completed').map(({ runId }) => runId);
    expect(ended).toEqual([leaf.runId, foreman.runId, run.runId]);
    expect(await verifyStoredChain(installation.store, installation.scope, run.runId)).toMatchObject({ ok: true });
    await worker.kill();
  },
);
