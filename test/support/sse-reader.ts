import { createParser } from 'eventsource-parser';

export interface SeenMessage {
  readonly event: string | undefined;
  readonly id: string | undefined;
  readonly data: Record<string, unknown>;
}

export interface SseReader {
  readonly response: Response;
  /** What has come so far. */
  readonly seen: readonly SeenMessage[];
  readonly comments: readonly string[];
  /** Settles when the stream is over, also where it was cut. */
  readonly ended: Promise<void>;
  stop(): void;
}

/** Reads any event stream as a client would. */
export async function readSse(url: string, key: string, headers: Record<string, string> = {}): Promise<SseReader> {
  const abort = new AbortController();
  const response = await fetch(url, {
    headers: { authorization: `Bearer ${key}`, accept: 'text/event-stream', ...headers },
    signal: abort.signal,
  });
  const seen: SeenMessage[] = [];
  const comments: string[] = [];
  const parser = createParser({
    onEvent: ({ event, id, data }) => void seen.push({ event, id, data: JSON.parse(data) }),
    onComment: (comment) => void comments.push(comment.trim()),
  });
  const read = async () => {
    for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) parser.feed(chunk);
  };
  return { response, seen, comments, ended: read().catch(() => {}), stop: () => abort.abort() };
}
