import type { EventContent, RunEventView } from '../../contract/events.ts';
import { reasoningOf } from '../../domain/schemas/content.ts';
import { RunEvent } from '../../domain/schemas/event.ts';
import type { BlobRef, Scope } from '../../domain/schemas/names.ts';
import { readBlobs } from '../../store/blobs.ts';
import type { Store } from '../../store/database.ts';
import type { ChainedEvent } from '../../store/events.ts';
import { readPaths } from '../../store/sub-runs.ts';
import { definedOnly } from '../defined-only.ts';
import { contentOf, messageOf, resultOf, textOf } from './content.ts';
import type { Contents } from './content.ts';
import { timestamp } from './time.ts';

/** Content that is in memory at once for one reader, unless a single event has more. */
const GROUP_CONTENT_BYTES = 262_144;

interface TypedEvent {
  readonly event: ChainedEvent;
  /** Undefined for one of a newer version, which is handed on as it is, without content. */
  readonly known: RunEvent | undefined;
  readonly refs: readonly BlobRef[];
}

const typedEvent = (event: ChainedEvent): TypedEvent => {
  const { type, at, data } = event;
  const known = RunEvent.safeParse({ type, at, data }).data;
  return { event, known, refs: known ? refsOf(known) : [] };
};

/** Stored events with the content that they refer to: one read of the store for all of them. */
export const eventViews = (
  store: Store,
  scope: Scope,
  events: readonly ChainedEvent[],
): Promise<readonly RunEventView[]> => viewsOf(store, scope, events.map(typedEvent));

/** The same, a group at a time: whoever takes their time holds back no more than one group's content. */
export async function* eventViewGroups(
  store: Store,
  scope: Scope,
  events: readonly ChainedEvent[],
): AsyncGenerator<readonly RunEventView[]> {
  let group: TypedEvent[] = [];
  let groupBytes = 0;
  for (const typed of events.map(typedEvent)) {
    const bytes = typed.refs.reduce((sum, ref) => sum + ref.bytes, 0);
    if (group.length > 0 && groupBytes + bytes > GROUP_CONTENT_BYTES) {
      yield await viewsOf(store, scope, group);
      [group, groupBytes] = [[], 0];
    }
    group.push(typed);
    groupBytes += bytes;
  }
  if (group.length > 0) yield await viewsOf(store, scope, group);
}

async function viewsOf(store: Store, scope: Scope, events: readonly TypedEvent[]): Promise<readonly RunEventView[]> {
  const needed = new Set(events.flatMap(({ refs }) => refs.map(({ sha256 }) => sha256)));
  const [contents, paths] = await Promise.all([
    needed.size === 0 ? new Map() : readBlobs(store, scope.tenant, [...needed]),
    readPaths(store, scope, [...new Set(events.map(({ event }) => event.runId))]),
  ]);
  return events.map(({ event, known }) => {
    const content = known ? contentOfEvent(known, contents) : {};
    return {
      seq: event.seq,
      runId: event.runId,
      path: [...(paths.get(event.runId) ?? [])],
      type: event.type,
      at: timestamp(event.at),
      data: event.data,
      ...(Object.keys(content).length > 0 && { content }),
      hash: event.hash,
    };
  });
}

function refsOf(event: RunEvent): readonly BlobRef[] {
  switch (event.type) {
    case 'run.started':
      return [event.data.inputRef, ...some(event.data.stateRef)];
    case 'context.compacted':
      return [event.data.summaryRef];
    case 'run.completed':
      return some(event.data.messageRef);
    case 'message.completed':
      return [event.data.messageRef, ...event.data.calls.flatMap(({ argumentsRef }) => argumentsRef ?? [])];
    case 'approval.requested':
      return [event.data.approval.argumentsRef];
    case 'approval.decided': {
      const { reasonRef, responseRef, edited, stateEditsRef } = event.data;
      return some(reasonRef, responseRef, edited?.argumentsRef, stateEditsRef);
    }
    case 'approval.superseded':
      return some(event.data.reasonRef, event.data.edited.argumentsRef);
    case 'tool.completed':
      return [event.data.resultRef];
    case 'effect.resolved':
      return some(event.data.reasonRef, event.data.resultRef);
    case 'run.unblocked':
      return [event.data.noteRef];
    case 'message.received':
      return [event.data.textRef];
    case 'output.invalid':
    case 'tool.failed':
    case 'tool.denied':
    case 'approval.vote_recorded':
    case 'approval.extended':
    case 'run.blocked':
    case 'run.cancel_requested':
    case 'run.cancelled':
      return some(event.data.reasonRef);
    default:
      return [];
  }
}

const some = (...refs: readonly (BlobRef | undefined)[]): readonly BlobRef[] => refs.flatMap((ref) => ref ?? []);

function contentOfEvent(event: RunEvent, contents: Contents): EventContent {
  switch (event.type) {
    case 'run.started':
      return definedOnly({
        input: textOf(contents, event.data.inputRef),
        state: contentOf(contents, event.data.stateRef),
      });
    case 'context.compacted':
      return definedOnly({ text: textOf(contents, event.data.summaryRef) });
    case 'run.completed':
      return definedOnly({ text: textOf(contents, event.data.messageRef) });
    case 'message.completed': {
      const message = messageOf(contents, event.data.messageRef);
      const calls = event.data.calls.map(({ toolCallId, tool, argumentsRef }) => ({
        toolCallId,
        tool,
        ...definedOnly({ arguments: contentOf(contents, argumentsRef) }),
      }));
      // What one agent of a sequence says to the next is in the log, by its hash, and not shown.
      if (event.data.hidden) return { calls };
      return definedOnly({ text: message?.text, reasoning: message && reasoningOf(message), calls });
    }
    case 'approval.requested':
      return definedOnly({ arguments: contentOf(contents, event.data.approval.argumentsRef) });
    case 'tool.completed': {
      const result = resultOf(contents, event.data.resultRef);
      return definedOnly({ result, text: typeof result === 'string' ? result : undefined });
    }
    case 'approval.decided': {
      const { reasonRef, responseRef, edited, stateEditsRef } = event.data;
      return definedOnly({
        reason: textOf(contents, reasonRef),
        response: resultOf(contents, responseRef),
        arguments: contentOf(contents, edited?.argumentsRef),
        stateEdits: contentOf(contents, stateEditsRef),
      });
    }
    case 'approval.superseded':
      return definedOnly({
        reason: textOf(contents, event.data.reasonRef),
        arguments: contentOf(contents, event.data.edited.argumentsRef),
      });
    case 'effect.resolved':
      return definedOnly({
        reason: textOf(contents, event.data.reasonRef),
        result: resultOf(contents, event.data.resultRef),
      });
    case 'message.received':
      return definedOnly({ text: textOf(contents, event.data.textRef) });
    case 'run.unblocked':
      return definedOnly({ note: textOf(contents, event.data.noteRef) });
    case 'output.invalid':
    case 'tool.failed':
    case 'tool.denied':
    case 'approval.vote_recorded':
    case 'approval.extended':
    case 'run.blocked':
    case 'run.cancel_requested':
    case 'run.cancelled':
      return definedOnly({ reason: textOf(contents, event.data.reasonRef) });
    default:
      return {};
  }
}
