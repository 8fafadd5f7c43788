// Streams as a client reads them, and what happens on them.
import { createParser } from 'eventsource-parser';
import type { RunEvent } from '../../src/domain/schemas/event.ts';
import type { ApiWorld } from './api-world.ts';

export interface Seen {
  readonly event: string | undefined;
  readonly id: string | undefined;
  readonly data: Record<string, unknown>;
}

/** Reads a stream as a client would: what it has seen so far, and a promise for its end. */
export async function readStream(
  world: ApiWorld,
  path: string,
  headers: Record<string, string> = {},
  key = world.key,
  init: RequestInit = {},
) {
  const abort = new AbortController();
  const response = await fetch(`${world.url}${path}`, {
    headers: { authorization: `Bearer ${key}`, accept: 'text/event-stream', ...headers },
    signal: abort.signal,
    ...init,
  });
  const seen: Seen[] = [];
  const comments: string[] = [];
  const parser = createParser({
    onEvent: ({ event, id, data }) => void seen.push({ event, id, data: JSON.parse(data) }),
    onComment: (comment) => void comments.push(comment),
  });
  const ended = (async () => {
    if (!response.body) return;
    for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) parser.feed(chunk);
  })().catch(() => {});
  return { response, seen, comments, ended, stop: () => abort.abort() };
}

export const turn = (number: number): RunEvent => ({ type: 'turn.started', at: Date.now(), data: { turn: number } });
export const completed = (): RunEvent => ({ type: 'run.completed', at: Date.now(), data: { receipts: [] } });
export const idsOf = (seen: readonly Seen[]) => seen.flatMap(({ id }) => (id ? [Number(id)] : []));

/** What a test says of the stream that it wants. */
export type ReadOptions = Parameters<typeof readStream> extends [ApiWorld, ...infer Given] ? Given : never;
