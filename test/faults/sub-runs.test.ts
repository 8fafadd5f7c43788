/** `kill -9` of workers while agents that other agents have called wait, and while they do what people have let them do. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Approval } from '../../src/contract/approvals.ts';
import { subRunId } from '../../src/domain/core/ids.ts';
import type { Person } from '../../src/testing/index.ts';
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

test(
  'S1.15 B3 B6 three agents deep, the worker killed after every decision: each effect happens once, each run ends once',
  { timeout: 180_000 },
  async () => {
    const outside = installation.outside();
    let worker = await installation.startWorker();
    const run = await anna.startRun({ agent: 'chief', input: outside.input });
    const foreman = anna.run(subRunId(run.runId, run.runId, 'call_1_0'));
    const sender = anna.run(subRunId(run.runId, foreman.runId, 'call_1_0'));

    for (const [index, one] of [run, foreman, sender].entries()) {
      const pending = (): Promise<Approval | undefined> =>
        run.approvals().then((all) => all.find(({ runId, status }) => runId === one.runId && status === 'pending'));
      const approval = await waitFor(`${one.runId} to ask`, pending, { timeoutMs: 45_000 });
      // With nobody there to hear it, at the leaf's address or at the root's.
      await worker.kill();
      const at = index % 2 === 0 ? one : run;
      const key = index % 2 === 0 ? approval.key : approval.approvalId;
      const answer = await at.decide({ ...approval, key }, 'approve');
      expect([200, 202]).toContain(answer.status);
      worker = await installation.startWorker();
    }

    expect(await untilEnded(run)).toMatchObject({ status: 'completed', output: 'Passed on.' });
    expect(outside.effects()).toHaveLength(1);
    expect(outside.effects()[0]?.effectKey).toBe(`tool-approval:${sender.runId}:call_1_0.1`);
    const events = await run.events();
    const ended = events.filter(({ type }) => type === 'run.completed').map(({ runId }) => runId);
    expect(ended).toEqual([sender.runId, foreman.runId, run.runId]);
    expect(await verifyStoredChain(installation.store, installation.scope, run.runId)).toMatchObject({ ok: true });
    await worker.kill();
  },
);
