import { expect, test } from 'vitest';
import { FeedSubscription } from '../../src/store/feed-subscription.ts';
import type { FeedReader } from '../../src/store/feed-subscription.ts';
import type { ChainedEvent } from '../../src/store/chain.ts';
import { waitFor } from '../support/wait-for.ts';

const event = (seq: number): ChainedEvent => ({
  seq,
  runId: 'run_a',
  origin: 'workflow',
  ordinal: seq,
  type: 'turn.started',
  at: 0,
  data: {},
  prevHash: '',
  hash: '',
});

/** A subscription whose reader answers as told, in turn, and then with nothing. */
function subscribed(answers: Awaited<ReturnType<FeedReader['readAfter']>>[]) {
  const asked: number[] = [];
  const seqs: number[] = [];
  const subscription = new FeedSubscription({
    after: 0,
    pageSize: 2,
    reader: {
      async readAfter(seq) {
        asked.push(seq);
        return answers.shift() ?? { events: [], shared: false };
      },
      readText: async () => undefined,
    },
    onBatch: (items) => void seqs.push(...items.flatMap((item) => (item.kind === 'event' ? [item.event.seq] : []))),
    onLost(error) {
      throw error;
    },
  });
  return { subscription, asked, seqs };
}

test('an answer to an earlier question may miss the newest: it is asked again', async () => {
  const { subscription, asked, seqs } = subscribed([
    { events: [], shared: true },
    { events: [event(1)], shared: true },
    { events: [event(2)], shared: false },
  ]);
  subscription.wake();
  await waitFor('both events', () => seqs.length === 2);
  expect(seqs).toEqual([1, 2]);
  expect(asked).toEqual([0, 0, 1]);
});

test('a notification of what it has already reads nothing, one of more than there is does not read for ever', async () => {
  const { subscription, asked, seqs } = subscribed([{ events: [event(1), event(2)], shared: false }]);
  subscription.wake(2);
  await waitFor('both events', () => seqs.length === 2);
  subscription.wake(1);
  subscription.wake(2);
  expect(asked).toEqual([0]);
  subscription.wake(9);
  await waitFor('the question', () => asked.length === 2);
  expect(asked).toEqual([0, 2]);
});
