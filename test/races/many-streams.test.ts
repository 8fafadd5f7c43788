/** A thousand open streams on one replica, and decisions are answered as if there were none. */
import { get } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { asksFor, recordingTool, says, testAgent } from '../../src/testing/index.ts';
import type { Person, StartedRun, World } from '../../src/testing/index.ts';
import { waitFor } from '../support/wait-for.ts';
import { testWorld } from '../support/world.ts';

const STREAMS = 1_000;
const WATCHED_RUNS = 20;
const DECISIONS = 20;
/** As long as the API waits for a worker before it answers 202. */
const ANSWERED_WITHIN_MS = 3_000;

const refund = recordingTool('refund');
const agent = testAgent({ tools: [refund], script: [asksFor('refund', {}), says('Done.')] });

let world: World;
let anna: Person;
beforeAll(async () => {
  world = await testWorld({ agents: [agent], limits: { streamsPerPrincipal: STREAMS * 2 } });
  anna = await world.person('anna');
});
afterAll(() => world[Symbol.asyncDispose]());

interface Watcher {
  /** What it has received. */
  text: string;
  isClosed: boolean;
  close(): void;
}

/** A bare reader: a thousand clients in one process would be measured themselves. */
const watch = (path: string): Promise<Watcher> =>
  new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${anna.key}`, accept: 'text/event-stream' };
    const request = get(`${world.url}${path}`, { headers, agent: false }, (response) => {
      if (response.statusCode !== 200) return reject(new Error(`HTTP ${response.statusCode}`));
      const watcher: Watcher = { text: '', isClosed: false, close: () => void response.destroy() };
      response.setEncoding('utf8').on('data', (piece: string) => (watcher.text += piece));
      response.on('error', () => {}).once('close', () => (watcher.isClosed = true));
      resolve(watcher);
    });
    request.once('error', reject);
  });

async function decided(run: StartedRun): Promise<number> {
  const approval = await run.pending();
  const startedMs = performance.now();
  expect(await run.decide(approval, 'approve')).toMatchObject({ status: 200, body: { outcome: 'recorded' } });
  const tookMs = performance.now() - startedMs;
  expect(await run.settles()).toMatchObject({ status: 'completed' });
  return tookMs;
}

const startMany = (count: number) => Promise.all(Array.from({ length: count }, () => anna.startRun({})));

test(
  'B16 decisions are answered, and every one of a thousand readers hears of what they read',
  { timeout: 120_000 },
  async ({ annotate }) => {
    const watched = await startMany(WATCHED_RUNS);
    await Promise.all(watched.map((run) => run.pending()));
    const openedMs = performance.now();
    const watchers: { readonly runId: string; readonly watcher: Watcher }[] = [];
    for (let index = 0; index < STREAMS; index += 50) {
      const some = Array.from({ length: 50 }, async (_, more) => {
        const { runId } = watched[(index + more) % WATCHED_RUNS] as StartedRun;
        // One in ten is an inbox.
        const path = more % 10 === 0 ? '/v1/approvals/stream' : `/v1/runs/${runId}/events`;
        return { runId: more % 10 === 0 ? '' : runId, watcher: await watch(path) };
      });
      watchers.push(...(await Promise.all(some)));
    }
    await annotate(`${STREAMS} streams opened in ${Math.round(performance.now() - openedMs)} ms`);

    const took: number[] = [];
    for (const run of await startMany(DECISIONS)) took.push(await decided(run));
    const sorted = took.toSorted((one, other) => one - other);
    await annotate(
      `decisions answered in ${Math.round(sorted[DECISIONS / 2] ?? 0)} ms, at most ${Math.round(sorted.at(-1) ?? 0)} ms`,
    );
    expect(sorted.at(-1)).toBeLessThan(ANSWERED_WITHIN_MS);
    expect(watchers.filter(({ watcher }) => watcher.isClosed)).toEqual([]);

    // Those who read a run that is decided hear its end; the inboxes go on.
    const startedMs = performance.now();
    await Promise.all(watched.map(async (run) => run.decide(await run.pending(), 'reject')));
    await waitFor('every end', () => watchers.every(({ runId, watcher }) => runId === '' || watcher.isClosed), {
      timeoutMs: 60_000,
    });
    await annotate(`every reader had the end after ${Math.round(performance.now() - startedMs)} ms`);
    for (const { runId, watcher } of watchers) {
      if (runId === '') continue;
      expect(watcher.text).toContain('event: stream.end\ndata: {"status":"completed"}');
    }
    const inboxes = watchers.filter(({ runId }) => runId === '');
    const said = (text: string) => text.split('event: approval.decided\n').length - 1;
    await waitFor('every inbox', () => inboxes.every(({ watcher }) => said(watcher.text) === WATCHED_RUNS + DECISIONS));
    for (const { watcher } of watchers) watcher.close();
  },
);
