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

test('events that a notification carries are not read again, each comes once, in order', async () => {
  const { subscription, asked, seqs } = subscribed([]);
  subscription.wake(2, [event(1), event(2)]);
  subscription.wake(3, [event(3)]);
  // The same again, and one that overlaps with what is known.
  subscription.wake(3, [event(3)]);
  await waitFor('the third', () => seqs.length === 3);
  subscription.wake(5, [event(3), event(4), event(5)]);
  await waitFor('the fifth', () => seqs.length === 5);
  expect(seqs).toEqual([1, 2, 3, 4, 5]);
  expect(asked).toEqual([]);
});

test.each([
  ['skips', [event(2), event(3)], [0, 2]],
  ['has a hole', [event(1), event(3)], [0, 2]],
  ['carries nothing', [], [0, 2]],
  ['ends before the place it names', [event(1), event(2)], [2]],
])('a notification that %s is not trusted for what is missing: the store is asked', async (_, carried, places) => {
  const { subscription, seqs, asked } = subscribed(
    places.map((place) => ({ events: place === 0 ? [event(1), event(2)] : [event(3)], shared: false })),
  );
  subscription.wake(3, carried);
  await waitFor('all three', () => seqs.length === 3);
  expect(seqs).toEqual([1, 2, 3]);
  expect(asked).toEqual(places);
});

test('what waits for a slow subscriber is kept up to a bound and read beyond it', async () => {
  const last = 200;
  const asked: number[] = [];
  const batches: number[][] = [];
  const { promise: blocked, resolve: release } = Promise.withResolvers<void>();
  const subscription = new FeedSubscription({
    after: 0,
    pageSize: 500,
    reader: {
      async readAfter(seq) {
        asked.push(seq);
        return { events: Array.from({ length: last - seq }, (_, index) => event(seq + index + 1)), shared: false };
      },
      readText: async () => undefined,
    },
    async onBatch(items) {
      batches.push(items.flatMap((item) => (item.kind === 'event' ? [item.event.seq] : [])));
      await blocked;
    },
    onLost(error) {
      throw error;
    },
  });
  subscription.wake(1, [event(1)]);
  for (let seq = 2; seq <= last; seq += 1) subscription.wake(seq, [event(seq)]);
  release();
  await waitFor('the rest', () => batches.length === 2);
  expect(batches.flat()).toEqual(Array.from({ length: last }, (_, index) => index + 1));
  expect(asked).toEqual([1]);
});

test('who seems to have everything reads only after silence, and then finds what it did not have', async () => {
  const silent = subscribed([{ events: [event(1)], shared: false }]);
  silent.subscription.wakeIfSilent();
  expect(silent.asked).toEqual([]);
  await waitFor('the event', () => silent.seqs.length === 1);

  const told = subscribed([{ events: [event(1), event(2)], shared: false }]);
  told.subscription.wakeIfSilent();
  told.subscription.wake(2, [event(2)]);
  await waitFor('both events', () => told.seqs.length === 2);
  expect([told.seqs, told.asked]).toEqual([[1, 2], [0]]);

  const closed = subscribed([]);
  closed.subscription.wakeIfSilent();
  closed.subscription.close();
  const witness = subscribed([{ events: [event(1)], shared: false }]);
  witness.subscription.wakeIfSilent();
  await waitFor('as much silence', () => witness.seqs.length === 1);
  expect(closed.asked).toEqual([]);
});
