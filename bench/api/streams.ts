/** Open streams on one API: how soon all of them hear of an event, and what they leave to decisions. */
import { completeMany } from '../measures/throughput.ts';
import { summaryOf } from '../statistics.ts';
import type { Summary } from '../statistics.ts';
import { measureDecisions } from './decisions.ts';
import type { Decisions } from './decisions.ts';
import type { Installation } from './open-installation.ts';
import { parkRuns } from './parked-runs.ts';

export interface Streams {
  readonly streams: number;
  readonly openedMs: number;
  /** From the request that causes an event until the last reader has it. */
  readonly heardByAllMs: Summary;
  /** What all of the streams have added to the memory of the API; undefined where the system does not tell. */
  readonly apiMemoryBytesMore: number | undefined;
  /** Decisions of other runs meanwhile. */
  readonly meanwhile: Decisions;
  readonly faults: readonly string[];
}

export interface StreamsOrder {
  readonly streams: number;
  readonly rounds: number;
  readonly clients: number;
  readonly decisions: number;
}

/** So many may one person have. */
const STREAMS_PER_PERSON = 250;
const OPENED_AT_ONCE = 32;

export async function measureStreams(installation: Installation, order: StreamsOrder): Promise<Streams> {
  const { streams, rounds } = order;
  const [watched] = await parkRuns(installation, 1);
  if (!watched) throw new Error('No run was parked.');
  const keys = await Promise.all(
    Array.from({ length: Math.ceil(streams / STREAMS_PER_PERSON) }, (_, index) =>
      installation.newKey(`reader-${streams}-${index}`),
    ),
  );
  const memoryBefore = installation.costs().api?.memoryBytes;
  const heard = new Rounds(streams);
  const opened: { close(): void }[] = [];
  const faults: string[] = [];
  let isClosing = false;
  const startedAt = performance.now();
  await completeMany(OPENED_AT_ONCE, streams, async () => {
    const key = keys[opened.length % keys.length] ?? installation.key;
    const reader = {
      onMessage: ({ event }: { readonly event: string }) => void (event === 'approval.claimed' && heard.hear()),
      onClosed: () => void (isClosing || faults.push(`one of ${streams} streams was closed`)),
    };
    opened.push(await installation.http.follow(`/v1/runs/${watched.runId}/events`, key, reader));
  });
  const openedMs = performance.now() - startedAt;

  const times: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const sentAt = performance.now();
    const all = heard.next();
    await installation.client.approvals.claim(watched);
    times.push((await all) - sentAt);
  }
  const memoryAfter = installation.costs().api?.memoryBytes;
  const meanwhile = await measureDecisions(installation, order);
  isClosing = true;
  for (const stream of opened) stream.close();
  await installation.client.runs.cancel(watched.runId);
  return {
    streams,
    openedMs,
    heardByAllMs: summaryOf(times),
    apiMemoryBytesMore: memoryBefore === undefined ? undefined : (memoryAfter ?? 0) - memoryBefore,
    meanwhile,
    faults: [...faults, ...meanwhile.faults],
  };
}

/** Settles with the time at which the last of so many has heard. */
class Rounds {
  readonly #readers: number;
  #heard = 0;
  #all = Promise.withResolvers<number>();

  constructor(readers: number) {
    this.#readers = readers;
  }

  next(): Promise<number> {
    this.#heard = 0;
    this.#all = Promise.withResolvers<number>();
    return this.#all.promise;
  }

  hear(): void {
    this.#heard += 1;
    if (this.#heard === this.#readers) this.#all.resolve(performance.now());
  }
}
