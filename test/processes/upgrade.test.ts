/**
 * B17: runs that are paused while a new version is deployed, with another prompt, other tools and another policy.
 * `COUNTERSIGN_TRANSCRIPT=1 npm test -- test/processes/upgrade.test.ts` tells the story. What paused runs of released
 * versions recorded goes on under today's code in test/replay.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectLazily } from '../../src/gateway/connection.ts';
import { SEEN_WITHIN_MS } from '../../src/gateway/deployments/read-pollers.ts';
import { readFleet } from '../../src/gateway/deployments/read-fleet.ts';
import type { WorkerFleet } from '../../src/contract/workers.ts';
import type { Person, StartedRun } from '../../src/testing/index.ts';
import { cliWith } from '../cli/run-cli.ts';
import type { ClerkEffect } from '../support/agents/clerk.ts';
import { createInstallation } from '../support/installation.ts';
import type { Installation } from '../support/installation.ts';
import { untilEnded } from '../support/until-ended.ts';
import { waitFor } from '../support/wait-for.ts';

const isTold = Boolean(process.env['COUNTERSIGN_TRANSCRIPT']);
const startedAt = Date.now();
const tell = (text: string): void => {
  if (isTold) process.stderr.write(`${((Date.now() - startedAt) / 1_000).toFixed(1).padStart(5)} s  ${text}\n`);
};

const agentsOf = (version: 'a' | 'b'): string =>
  fileURLToPath(new URL(`../support/agents/clerk-${version}.ts`, import.meta.url));

/** A fleet of its own on a queue of its own, with the API that starts runs there. */
async function openFleet(versioning: 'auto_upgrade' | 'pinned') {
  const taskQueue = `upgrade-${versioning}-${randomBytes(4).toString('hex')}`;
  const environment = { COUNTERSIGN_TASK_QUEUE: taskQueue, COUNTERSIGN_WORKER_VERSIONING: versioning };
  const installation = await createInstallation({ environment });
  const anna = await installation.person('anna', await installation.startApi());
  const cli = cliWith({
    ...environment,
    TEMPORAL_ADDRESS: installation.temporalAddress,
    COUNTERSIGN_TENANT: installation.scope.tenant,
    COUNTERSIGN_PROJECT: installation.scope.project,
  });
  return { installation, anna, cli, taskQueue };
}

interface Paused {
  readonly run: StartedRun;
  effects(): readonly ClerkEffect[];
}

async function paused(anna: Person, { directory }: Installation, agent: string): Promise<Paused> {
  const file = join(mkdtempSync(join(directory, 'clerk-')), 'effects');
  writeFileSync(file, '');
  const run = await anna.startRun({ agent, input: file });
  await run.pending();
  tell(`${agent}: ${run.runId} waits for consent`);
  const lines = () => readFileSync(file, 'utf8').split('\n').filter(Boolean);
  return { run, effects: () => lines().map((line) => JSON.parse(line) as ClerkEffect) };
}

const approve = async ({ run }: Paused): Promise<void> => {
  expect((await run.decide(await run.pending(), 'approve')).status).toBeLessThan(300);
};

const ended = async (one: Paused) => {
  const { status, output } = await untilEnded(one.run);
  tell(`${one.run.runId}: ${status}, “${output}”, ${JSON.stringify(one.effects().map(({ version }) => version))}`);
  return { status, output };
};

const digestOf = async (anna: Person): Promise<string | undefined> => {
  const { body } = await anna.request<{ data: { name: string; digest: string }[] }>('GET', '/v1/agents');
  return body.data.find(({ name }) => name === 'clerk-post')?.digest;
};

const versionsOf = async (anna: Person) => (await anna.request<WorkerFleet>('GET', '/v1/workers')).body.versions;

describe('B17 AUTO_UPGRADE: paused runs go on with the new version', () => {
  let fleet: Awaited<ReturnType<typeof openFleet>>;
  beforeAll(async () => {
    fleet = await openFleet('auto_upgrade');
  });
  afterAll(() => fleet.installation[Symbol.asyncDispose]());

  test(
    'with what they have pinned: prompt, consent, tools; and under what policy says by now',
    { timeout: 120_000 },
    async () => {
      const { installation, anna } = fleet;
      const a = await installation.startWorker({ COUNTERSIGN_AGENTS: agentsOf('a'), TEMPORAL_WORKER_BUILD_ID: 'A' });
      tell('version A is current by itself: it is the first');
      const [pay, wire, post] = await Promise.all(
        ['clerk-pay', 'clerk-wire', 'clerk-post'].map((agent) => paused(anna, installation, agent)),
      );
      if (!pay || !wire || !post) throw new Error('Three runs are needed.');

      tell('deploy B: another prompt, another `pay` of the same declaration, another `post`; A goes');
      await installation.startWorker({ COUNTERSIGN_AGENTS: agentsOf('b'), TEMPORAL_WORKER_BUILD_ID: 'B' });
      await a.stop();
      const deny = { rules: [{ id: 'no-wires', match: 'wire', effect: 'deny', reason: 'Not any more.' }] };
      expect((await anna.request('PUT', '/v1/policy/layers/project', { body: deny })).status).toBeLessThan(300);

      await Promise.all([pay, wire, post].map(approve));
      // The prompt is the one that was pinned, the code is the new one, and it ran once.
      expect(await ended(pay)).toEqual({
        status: 'completed',
        output: 'You are the clerk of version A. Answered by B.',
      });
      expect(pay.effects()).toMatchObject([{ tool: 'pay', version: 'B' }]);
      // Consent does not outlive a policy that says no by now.
      expect(await ended(wire)).toMatchObject({ status: 'completed' });
      expect([await wire.run.types(), wire.effects()]).toEqual([expect.arrayContaining(['tool.denied']), []]);
      // Consent was to the tool as A declared it: B's is another one, and a person says how it goes on.
      await waitFor('the run to be parked', async () => (await post.run.get()).status === 'needs_attention');
      expect(post.effects()).toEqual([]);
      const call = (await post.run.approvals())[0]?.toolCallId;
      expect((await post.run.resolve({ toolCallId: call, resolution: 'fail', reason: 'Declared anew.' })).status).toBe(
        200,
      );
      expect(await ended(post)).toMatchObject({ status: 'completed' });

      const next = await paused(anna, installation, 'clerk-post');
      await approve(next);
      expect(await ended(next)).toMatchObject({ output: 'You are the clerk of version B. Answered by B.' });
      expect(await versionsOf(anna)).toMatchObject([
        { buildId: 'B', status: 'current' },
        { buildId: 'A', runs: 0 },
      ]);
    },
  );
});

describe('B17 PINNED: paused runs finish on the version that they began with', () => {
  let fleet: Awaited<ReturnType<typeof openFleet>>;
  beforeAll(async () => {
    fleet = await openFleet('pinned');
  });
  afterAll(() => fleet.installation[Symbol.asyncDispose]());

  test(
    'its own tools and prompt; nobody is left behind unseen, and one is moved on purpose',
    { timeout: 120_000 },
    async () => {
      const { installation, anna, cli, taskQueue } = fleet;
      const a = await installation.startWorker({ COUNTERSIGN_AGENTS: agentsOf('a') });
      const [pay, post, left] = await Promise.all(
        ['clerk-pay', 'clerk-post', 'clerk-pay'].map((agent) => paused(anna, installation, agent)),
      );
      if (!pay || !post || !left) throw new Error('Three runs are needed.');

      const digestOfA = await digestOf(anna);
      tell('deploy B beside A; B is told to wait until somebody makes it current');
      const promote = { COUNTERSIGN_WORKER_PROMOTE: 'never' };
      const b = await installation.startWorker({ COUNTERSIGN_AGENTS: agentsOf('b'), ...promote });
      const { buildId } = b.ready['version'] as { buildId: string };
      // What is not current has registered nothing: new runs still begin with what A has.
      const before = await paused(anna, installation, 'clerk-post');
      const set = await cli('worker', 'deploy', 'set-current', buildId, '--wait', '20');
      expect([set.code, set.err]).toEqual([0, '']);
      tell(`\n${set.out}`);
      await waitFor('the agents of B to be known', async () => (await digestOf(anna)) !== digestOfA);

      await Promise.all([pay, post, before].map(approve));
      for (const one of [pay, post, before]) {
        expect(await ended(one)).toEqual({
          status: 'completed',
          output: 'You are the clerk of version A. Answered by A.',
        });
        expect(one.effects()).toMatchObject([{ version: 'A' }]);
      }
      const next = await paused(anna, installation, 'clerk-post');
      await approve(next);
      expect(await ended(next)).toMatchObject({ output: 'You are the clerk of version B. Answered by B.' });

      tell('roll back, and forth again');
      for (const current of [a, b]) {
        const { versions } = (await cli('worker', 'deploy', 'rollback', '--json')).json() as WorkerFleet;
        const { buildId: expected } = current.ready['version'] as { buildId: string };
        expect(versions.find(({ status }) => status === 'current')).toMatchObject({ buildId: expected, workers: 1 });
      }

      tell('A goes, though a run is pinned to it: it is named');
      await a.stop();
      const connection = connectLazily({ address: installation.temporalAddress });
      const place = { connection, namespace: 'default', deploymentName: taskQueue, taskQueues: [taskQueue] };
      // Temporal forgets pollers after a while; here it is that late at once.
      const nowMs = Date.now() + SEEN_WITHIN_MS;
      await waitFor('the run to be named', async () => {
        const { unserved } = await readFleet(place, { nowMs });
        const named = unserved.find(({ address }) => address.runId === left.run.runId);
        return named?.reason === 'version_without_worker';
      });
      await connection.close();

      await approve(left);
      const moved = await cli('worker', 'deploy', 'move', left.run.runId);
      expect([moved.code, moved.out]).toEqual([0, 'Moved: 1.\n']);
      expect(await ended(left)).toMatchObject({ output: 'You are the clerk of version A. Answered by B.' });
      expect(left.effects()).toMatchObject([{ version: 'B' }]);
    },
  );
});
