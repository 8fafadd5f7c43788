/** `kill -9` of workers: while people think, inside a tool, inside a model. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Person } from '../../src/testing/index.ts';
import { verifyStoredChain } from '../../src/store/verify-stored-chain.ts';
import { createInstallation } from '../support/installation.ts';
import type { ApiProcess, Installation } from '../support/installation.ts';
import { untilEnded } from '../support/until-ended.ts';
import { waitFor } from '../support/wait-for.ts';

/** A run moves on within 15 s of the kill; a busy machine gets more. */
const MOVES_ON_WITHIN_MS = 30_000;

let installation: Installation;
let api: ApiProcess;
let anna: Person;

beforeAll(async () => {
  installation = await createInstallation();
  api = await installation.startApi();
  anna = await installation.person('anna', api);
});
afterAll(() => installation[Symbol.asyncDispose]());

const expectWholeChain = async (runId: string) =>
  expect(await verifyStoredChain(installation.store, installation.scope, runId)).toMatchObject({ ok: true });

describe('while an approval is pending', () => {
  test(
    'S0.13 S0.11 S3.4 B3 decisions are taken while no worker runs, and carried out once by the next one',
    { timeout: 60_000 },
    async () => {
      const [patient, hasty] = [installation.outside(), installation.outside()];
      const first = await installation.startWorker();
      const run = await anna.startRun({ agent: 'sender', input: patient.input });
      const hastyRun = await anna.startRun({ agent: 'hasty', input: hasty.input });
      const [approval, hastyApproval] = await Promise.all([run.pending(), hastyRun.pending()]);
      await first.kill();

      const answers = await Promise.all([run.decide(approval, 'approve'), hastyRun.decide(hastyApproval, 'approve')]);
      for (const answer of answers) {
        expect(answer).toMatchObject({ status: 202, body: { outcome: 'pending' } });
        const { links } = answer.body as { links: { self: string } };
        expect(await anna.request('GET', links.self)).toMatchObject({ status: 200, body: { outcome: 'pending' } });
      }
      // It was in time when it was given: that nobody has looked at it since changes nothing.
      await waitFor('the time to decide to be over', () => Date.now() > Date.parse(hastyApproval.decideBy));
      expect([...patient.effects(), ...hasty.effects()]).toEqual([]);

      const second = await installation.startWorker();
      for (const [one, outside, answer] of [
        [run, patient, answers[0]],
        [hastyRun, hasty, answers[1]],
      ] as const) {
        expect(await untilEnded(one)).toMatchObject({ status: 'completed', output: 'Sent.' });
        expect(outside.effects()).toHaveLength(1);
        const { links } = answer.body as { links: { self: string } };
        expect(await anna.request('GET', links.self)).toMatchObject({ status: 200, body: { outcome: 'recorded' } });
        await expectWholeChain(one.runId);
      }
      await second.kill();
    },
  );
});

describe('while it works', () => {
  test(
    'S0.13 S3.4 S4.5 B3 its runs move on elsewhere: no effect twice, nothing guessed',
    { timeout: 90_000 },
    async ({ annotate }) => {
      const kinds = [
        { agent: 'sender', outside: installation.outside('after') },
        { agent: 'sender', outside: installation.outside('before') },
        { agent: 'syncer', outside: installation.outside('after') },
        { agent: 'thinker', outside: installation.outside() },
      ] as const;
      const victim = await installation.startWorker();
      const [sent, unsent, synced, thought] = await Promise.all(
        kinds.map(async ({ agent, outside }) => {
          const run = await anna.startRun({ agent, input: outside.input });
          if (agent !== 'thinker') await run.decide(await run.pending(), 'approve');
          const isAt = () =>
            agent === 'sender' && outside !== kinds[1].outside ? outside.effects() : outside.entries();
          await waitFor(`${agent} to hang`, () => isAt().length === 1);
          return run;
        }),
      );
      if (!sent || !unsent || !synced || !thought) throw new Error('Four runs are needed.');
      await waitFor('the syncer to have had its effect', () => kinds[2].outside.effects().length === 1);
      const heir = await installation.startWorker();
      const killedAtMs = Date.now();
      await victim.kill();
      for (const { outside } of kinds) outside.openGate();

      const settled = await Promise.all([sent, unsent, synced, thought].map((run) => run.settles()));
      const tookMs = settled.map(({ updatedAt }) => Date.parse(updatedAt) - killedAtMs);
      await annotate(`moved on after ${tookMs.join(', ')} ms (once ×2, idempotent, model)`);
      expect(Math.max(...tookMs)).toBeLessThan(MOVES_ON_WITHIN_MS);

      // Of effect `once`: whether it happened or not, nobody knows, so nobody does it again; a person must say.
      for (const [run, effects] of [
        [sent, kinds[0].outside.effects()],
        [unsent, kinds[1].outside.effects()],
      ] as const) {
        expect(await run.get()).toMatchObject({ status: 'needs_attention' });
        expect((await run.events()).slice(-2)).toMatchObject([
          { type: 'tool.outcome_unknown', data: { tool: 'send', effectKey: `tool-approval:${run.runId}:call_1_0.1` } },
          { type: 'run.blocked', data: { code: 'outcome_unknown' } },
        ]);
        expect(effects).toHaveLength(run === sent ? 1 : 0);
      }
      expect(kinds[0].outside.entries()).toHaveLength(1);
      expect(kinds[1].outside.entries()).toHaveLength(1);

      // What may be repeated is, under the same key, by the other worker.
      const effectKey = `tool-approval:${synced.runId}:call_1_0.1`;
      expect(await synced.get()).toMatchObject({ status: 'completed', output: 'Synced.' });
      expect(kinds[2].outside.effects()).toEqual([
        { effectKey, pid: victim.pid },
        { effectKey, pid: heir.pid },
      ]);

      expect(await thought.get()).toMatchObject({ status: 'completed', output: 'Thought.' });
      expect(kinds[3].outside.entries().map(({ pid }) => pid)).toEqual([victim.pid, heir.pid]);
      for (const run of [sent, unsent, synced, thought]) await expectWholeChain(run.runId);
      await heir.kill();
    },
  );
});
