import { createParser } from 'eventsource-parser';

export interface SeenEvent {
  readonly type: string | undefined;
  readonly seq: number | undefined;
  readonly data: Record<string, unknown>;
}

export interface EventReader {
  /** What has come so far. */
  readonly seen: readonly SeenEvent[];
  /** Settles when the stream is over, also where it was cut. */
  readonly ended: Promise<void>;
  /** The numbers of durable events, in the order they came. */
  seqs(): readonly number[];
  stop(): void;
}

/** Reads a run's event stream as a client would. */
export async function readEventStream(options: {
  readonly url: string;
  readonly key: string;
  readonly runId: string;
  readonly lastEventId?: number;
}): Promise<EventReader> {
  const { url, key, runId, lastEventId } = options;
  const abort = new AbortController();
  const response = await fetch(`${url}/v1/runs/${runId}/events`, {
    headers: {
      authorization: `Bearer ${key}`,
      accept: 'text/event-stream',
      ...(lastEventId !== undefined && { 'last-event-id': String(lastEventId) }),
    },
    signal: abort.signal,
  });
  if (response.status !== 200 || !response.body) throw new Error(`HTTP ${response.status}: ${await response.text()}`);
  const { body } = response;
  const seen: SeenEvent[] = [];
  const parser = createParser({
    onEvent: ({ event, id, data }) =>
      void seen.push({ type: event, seq: id === undefined ? undefined : Number(id), data: JSON.parse(data) }),
  });
  const read = async () => {
    for await (const chunk of body.pipeThrough(new TextDecoderStream())) parser.feed(chunk);
  };
  return {
    seen,
    ended: read().catch(() => {}),
    seqs: () => seen.flatMap(({ seq }) => seq ?? []),
    stop: () => abort.abort(),
  };
}
