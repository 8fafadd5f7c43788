/**
 * The conversation as the model sees it: a projection of the run's events and their blobs. The workflow's events are the
 * authority, so a lost attempt of a step can write nothing into it. What was read once is kept: a turn reads only what
 * is new since the last one.
 */
import { LRUCache } from 'lru-cache';
import type { TranscriptMessage } from '../adapters/models/model-port.ts';
import type { JsonValue } from '../domain/arguments/canonical-json.ts';
import type { BlobRef, Scope } from '../domain/schemas/names.ts';
import { RunEvent } from '../domain/schemas/event.ts';
import { readBlobs } from '../store/blobs.ts';
import type { Store } from '../store/database.ts';
import { readTranscriptEvents } from '../store/events.ts';
import { MessageContent, ResultContent, TextContent } from '../domain/schemas/content.ts';

export interface Transcripts {
  read(scope: Scope, runId: string): Promise<readonly TranscriptMessage[]>;
}

interface Transcript {
  readonly seq: number;
  readonly messages: readonly TranscriptMessage[];
  /** The provider's own ids, by ours. */
  readonly providerIds: ReadonlyMap<string, string>;
  readonly characters: number;
}

const EMPTY: Transcript = { seq: 0, messages: [], providerIds: new Map(), characters: 0 };

/** Of all transcripts kept by a worker, in characters: about 64 MB. */
const MAX_CACHED_CHARACTERS = 32 * 1024 * 1024;

const refsOf = (event: RunEvent): readonly BlobRef[] => {
  switch (event.type) {
    case 'run.started':
      return [event.data.inputRef];
    case 'message.completed':
      return [event.data.messageRef];
    case 'tool.completed':
      return [event.data.resultRef];
    case 'tool.failed':
      return [event.data.reasonRef];
    case 'tool.denied':
      return event.data.reasonRef ? [event.data.reasonRef] : [];
    default:
      return [];
  }
};

type Content = ReadonlyMap<string, JsonValue>;

const textOf = (content: Content, ref: BlobRef | undefined): string => {
  const value = ref && content.get(ref.sha256);
  return value === undefined ? '' : TextContent.parse(value).text;
};

const messageOf = (
  event: RunEvent,
  content: Content,
  providerIds: Map<string, string>,
): TranscriptMessage | undefined => {
  const answer = (data: { toolCallId: string; tool: string }, text: string, isError: boolean): TranscriptMessage => {
    const { toolCallId, tool } = data;
    return { role: 'tool', toolCallId, providerCallId: providerIds.get(toolCallId) ?? toolCallId, tool, text, isError };
  };
  switch (event.type) {
    case 'run.started':
      return { role: 'user', text: textOf(content, event.data.inputRef) };
    case 'message.completed': {
      const { text, calls } = MessageContent.parse(content.get(event.data.messageRef.sha256));
      for (const call of calls) providerIds.set(call.toolCallId, call.providerCallId);
      return { role: 'assistant', text, calls };
    }
    case 'tool.completed': {
      const { result } = ResultContent.parse(content.get(event.data.resultRef.sha256));
      return answer(event.data, typeof result === 'string' ? result : JSON.stringify(result), false);
    }
    case 'tool.failed':
      return answer(event.data, textOf(content, event.data.reasonRef), true);
    case 'tool.denied': {
      const reason = textOf(content, event.data.reasonRef);
      return answer(event.data, reason ? `${event.data.message} ${reason}` : event.data.message, true);
    }
    case 'contract.unmet': {
      const list = event.data.missing.map(({ path, problem }) => `- ${path} (${problem})`).join('\n');
      return { role: 'user', text: `The run cannot complete yet. These required artifacts are missing:\n${list}` };
    }
    default:
      return undefined;
  }
};

/** Characters of what a message carries, for the cache's bound. */
const sizeOf = (message: TranscriptMessage): number =>
  message.text.length +
  (message.role === 'assistant' ? message.calls.reduce((sum, call) => sum + call.argumentsText.length, 0) : 0);

export const createTranscripts = (store: Store): Transcripts => {
  const cache = new LRUCache<string, Transcript>({
    maxSize: MAX_CACHED_CHARACTERS,
    sizeCalculation: ({ characters }) => characters + 1,
  });
  return {
    async read(scope, runId) {
      const key = `${scope.tenant}/${scope.project}/${runId}`;
      const known = cache.get(key) ?? EMPTY;
      const stored = await readTranscriptEvents(store, scope, runId, { afterSeq: known.seq });
      const last = stored.at(-1);
      if (!last) return known.messages;
      const events = stored.map((one) => RunEvent.parse({ type: one.type, at: one.at, data: one.data }));
      const content = await readBlobs(
        store,
        scope.tenant,
        events.flatMap(refsOf).map((ref) => ref.sha256),
      );
      const providerIds = new Map(known.providerIds);
      const fresh = events.flatMap((event) => messageOf(event, content, providerIds) ?? []);
      const transcript = {
        seq: last.seq,
        messages: [...known.messages, ...fresh],
        providerIds,
        characters: known.characters + fresh.reduce((sum, message) => sum + sizeOf(message), 0),
      };
      cache.set(key, transcript);
      return transcript.messages;
    },
  };
};
