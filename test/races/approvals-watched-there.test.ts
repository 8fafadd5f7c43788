/** What happens to approvals on one replica is seen on the other, also where a run or a worker did it. */
import { expect, test } from 'vitest';
import { createClient } from '../../src/client/index.ts';
import type { ApprovalChange } from '../../src/contract/approval-changes.ts';
import { asksFor, recordingTool, says, testAgent } from '../../src/testing/index.ts';
import { createReplica } from '../support/replica.ts';
import { waitFor } from '../support/wait-for.ts';
import { testWorld } from '../support/world.ts';

const refund = recordingTool('refund');
const agent = testAgent({ tools: [refund], script: [asksFor('refund', {}), says('Done.')] });

test('B16 the inbox of another replica is live: requests, claims, decisions, blocks and cancels', async () => {
  await using world = await testWorld({ agents: [agent] });
  await using replica = await createReplica(world);
  const anna = await world.person('anna');
  const client = createClient({ baseUrl: replica.url, apiKey: anna.key });
  const abort = new AbortController();
  const changes: ApprovalChange[] = [];
  let isReady = false;
  const watching = (async () => {
    for await (const item of client.approvals.watch({ signal: abort.signal })) {
      isReady = true;
      if (item.event === 'change') changes.push(item.data);
    }
  })();
  await waitFor('the snapshot', () => isReady);
  const [decided, cancelled] = [await anna.startRun({}), await anna.startRun({})];
  const typesOf = (runId: string) =>
    changes.filter(({ approval }) => approval.runId === runId).map(({ type }) => type.split('.')[1]);
  const claim = (runId: string, key: string) => anna.request('POST', `/v1/runs/${runId}/approvals/${key}/claim`);

  const first = await decided.pending();
  await claim(decided.runId, first.key);
  await decided.decide(first, 'approve');
  await decided.ends();
  const second = await cancelled.pending();
  await claim(cancelled.runId, second.key);
  await cancelled.block('Wait.');
  await waitFor('the claim to be let go of', () => typesOf(cancelled.runId).includes('released'));
  await cancelled.unblock();
  await cancelled.cancel();

  await waitFor('the last', () => typesOf(cancelled.runId).includes('withdrawn'));
  expect(typesOf(decided.runId)).toEqual(expect.arrayContaining(['requested', 'claimed', 'decided']));
  expect(typesOf(cancelled.runId)).toEqual(['requested', 'claimed', 'released', 'withdrawn']);
  const last = changes.findLast(({ approval }) => approval.runId === cancelled.runId);
  expect(last?.approval).toMatchObject({ status: 'withdrawn', claim: null, digest: second.digest });
  // The run's own log tells the rest, from the number that came with it.
  const log = await cancelled.events();
  expect(log.find(({ seq }) => seq === last?.run.eventSeq)).toBeDefined();
  abort.abort();
  await watching;
});
