/** Many runs of few requesters, decided all at once: never more active than allowed, and every one of them ends. */
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { asksFor, recordingTool, says, testAgent } from '../../src/testing/index.ts';
import type { Person, StartedRun } from '../../src/testing/index.ts';
import { readEvents } from '../../src/store/events.ts';
import { verifyStoredChain } from '../../src/store/verify-stored-chain.ts';
import { untilEnded } from '../support/until-ended.ts';
import { testWorld } from '../support/world.ts';

const LIMIT = 2;
const RUNS_EACH = 7;

/** Runs whose tool is under way, by requester, and the most there were at a time. */
const active = new Map<string, Set<string>>();
const most = new Map<string, number>();
const requesters = new Map<string, string>();

const refund = recordingTool('refund', {
  async run(_args, { runId }) {
    const requester = requesters.get(runId) ?? '';
    const runs = active.get(requester) ?? new Set();
    active.set(requester, runs.add(runId));
    most.set(requester, Math.max(most.get(requester) ?? 0, runs.size));
    // Long enough for any other to come in between.
    await delay(50);
    runs.delete(runId);
    return { ok: true };
  },
});
const agent = testAgent({ tools: [refund], script: [asksFor('refund', {}), says('Done.')] });

test(
  'S1.11 all approved or rejected at once: as many as are allowed at a time, in the order of asking, to the end',
  { timeout: 120_000 },
  async ({ annotate }) => {
    await using world = await testWorld({ agents: [agent], maxActiveRunsPerRequester: LIMIT });
    const people = await Promise.all(['anna', 'ben'].map((name) => world.person(name)));
    const suspended = async (person: Person, name: string): Promise<StartedRun> => {
      const run = await person.startRun({});
      requesters.set(run.runId, name);
      await run.pending();
      return run;
    };
    const all: { run: StartedRun; name: string }[] = [];
    for (let number = 0; number < RUNS_EACH; number += 1) {
      const [anna, ben] = people as [Person, Person];
      all.push({ run: await suspended(anna, 'anna'), name: 'anna' }, { run: await suspended(ben, 'ben'), name: 'ben' });
    }
    const approvals = await Promise.all(all.map(async ({ run }) => ({ run, approval: await run.pending() })));
    const answers = await Promise.all(
      approvals.map(({ run, approval }, index) => run.decide(approval, index % 5 === 0 ? 'reject' : 'approve')),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    const ended = await Promise.all(all.map(({ run }) => untilEnded(run)));
    expect(ended.map(({ status }) => status)).toEqual(ended.map(() => 'completed'));
    await annotate(`at most ${[...most].map(([name, count]) => `${count} of ${name}`).join(', ')} at a time`);
    for (const count of most.values()) expect(count).toBeLessThanOrEqual(LIMIT);

    for (const name of ['anna', 'ben']) {
      const runs = all.filter((one) => one.name === name).map(({ run }) => run);
      const waits = await Promise.all(
        runs.map(async ({ runId }) => {
          expect(await verifyStoredChain(world.store, world.scope, runId)).toMatchObject({ ok: true });
          const events = await readEvents(world.store, world.scope, runId, { after: 0, limit: 100 });
          const { origin = '', at } = events.find(({ type }) => type === 'run.dequeued') ?? {};
          return { ticket: Number(origin.split(':')[1]), wentOnAt: Number(at) };
        }),
      );
      const waited = waits.filter(({ ticket }) => ticket > 0);
      expect(waited.length).toBeGreaterThanOrEqual(RUNS_EACH - LIMIT);
      // Whoever goes on, of those who asked before it no more still wait than have a slot already.
      for (const one of waited) {
        const stillWaiting = waited.filter(({ ticket, wentOnAt }) => ticket < one.ticket && wentOnAt > one.wentOnAt);
        expect(stillWaiting.length).toBeLessThan(LIMIT);
      }
    }
    expect((await world.store.pool.query('SELECT * FROM slots')).rows).toEqual([]);
  },
);
