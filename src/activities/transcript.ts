/**
 * The conversation as the model sees it: a projection of the run's events and their blobs. The workflow's events are the
 * authority, so a lost attempt of a step can write nothing into it. What was read once is kept: a turn reads only what
 * is new since the last one.
 */
import { LRUCache } from 'lru-cache';
import type { TranscriptMessage } from '../adapters/models/model-port.ts';
import type { Scope } from '../domain/schemas/names.ts';
import { RunEvent } from '../domain/schemas/event.ts';
import { readBlobs } from '../store/blobs.ts';
import type { Store } from '../store/database.ts';
import { readTranscriptEvents } from '../store/events.ts';
import { readEditedCalls } from './edited-calls.ts';
import { NO_CONVERSATION, foldEvent, refsOf } from './transcript-messages.ts';
import type { Conversation } from './transcript-messages.ts';

export interface Transcripts {
  read(scope: Scope, runId: string): Promise<readonly TranscriptMessage[]>;
}

interface Transcript extends Conversation {
  readonly seq: number;
  readonly characters: number;
}

const EMPTY: Transcript = { ...NO_CONVERSATION, seq: 0, characters: 0 };

/** Of all transcripts kept by a worker, in characters: about 64 MB. */
const MAX_CACHED_CHARACTERS = 32 * 1024 * 1024;

/** Characters of what a message carries, for the cache's bound. */
const sizeOf = (message: TranscriptMessage): number =>
  message.text.length +
  (message.role === 'assistant' ? message.calls.reduce((sum, call) => sum + call.argumentsText.length, 0) : 0);

export const createTranscripts = (store: Store): Transcripts => {
  const cache = new LRUCache<string, Transcript>({
    maxSize: MAX_CACHED_CHARACTERS,
    sizeCalculation: ({ characters }) => characters + 1,
  });

  const extended = async (scope: Scope, runId: string, known: Transcript): Promise<Transcript> => {
    const stored = await readTranscriptEvents(store, scope, runId, { afterSeq: known.seq });
    const last = stored.at(-1);
    if (!last) return known;
    const events = stored.map((one) => RunEvent.parse({ type: one.type, at: one.at, data: one.data }));
    const open = [...known.open.values()].flatMap(({ judged }) => judged ?? []);
    const edited = await readEditedCalls(store, scope, runId, open, events);
    const refs = [...events.flatMap(refsOf), ...edited.values()];
    const content = await readBlobs(
      store,
      scope.tenant,
      refs.map((ref) => ref.sha256),
    );
    const material = { content, edited };
    const conversation = events.reduce<Conversation>((before, event) => foldEvent(before, event, material), known);
    const isShorter = events.some(({ type }) => type === 'context.compacted');
    const fresh = isShorter ? conversation.messages : conversation.messages.slice(known.messages.length);
    const before = isShorter ? 0 : known.characters;
    const characters = before + fresh.reduce((sum, message) => sum + sizeOf(message), 0);
    return { ...conversation, seq: last.seq, characters };
  };

  return {
    async read(scope, runId) {
      const key = `${scope.tenant}/${scope.project}/${runId}`;
      const transcript = await extended(scope, runId, cache.get(key) ?? EMPTY);
      cache.set(key, transcript);
      return transcript.messages;
    },
  };
};
