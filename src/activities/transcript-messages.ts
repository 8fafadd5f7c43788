/** Folds a run's events into the messages that its model sees. Pure: content and edits are handed in. */
import { canonicalJson } from '../domain/arguments/canonical-json.ts';
import type { JsonValue } from '../domain/arguments/canonical-json.ts';
import type { TranscriptMessage } from '../adapters/models/model-port.ts';
import { MessageContent, ResultContent, TextContent } from '../domain/schemas/content.ts';
import type { EventOf, JudgedCall, RunEvent } from '../domain/schemas/event.ts';
import { isAnsweredByPeople } from '../domain/core/tool-roles.ts';
import type { BlobRef } from '../domain/schemas/names.ts';

/** A call that has no result yet. */
export interface OpenCall {
  readonly providerCallId: string;
  readonly judged?: JudgedCall;
}

export interface Conversation {
  readonly messages: readonly TranscriptMessage[];
  readonly open: ReadonlyMap<string, OpenCall>;
  /** What the run was asked: it stays, whatever is summed up. */
  readonly input: string;
  /** Held back until the model has spoken and every call of the turn has its result: nothing may come between them. */
  readonly notes: readonly TranscriptMessage[];
}

export const NO_CONVERSATION: Conversation = { messages: [], input: '', open: new Map(), notes: [] };

export interface Material {
  /** Values of blobs by hash. */
  readonly content: ReadonlyMap<string, JsonValue>;
  /** The arguments that really ran, by call, where a person has changed them. */
  readonly edited: ReadonlyMap<string, BlobRef>;
}

/** What an event's message is made of. */
export const refsOf = (event: RunEvent): readonly BlobRef[] => {
  switch (event.type) {
    case 'run.started':
      return [event.data.inputRef];
    case 'run.unblocked':
      return event.data.answers.length === 0 ? [event.data.noteRef] : [];
    case 'message.received':
      return [event.data.textRef];
    case 'message.completed':
      return [event.data.messageRef];
    case 'context.compacted':
      return [event.data.summaryRef];
    case 'output.invalid':
      return [event.data.reasonRef];
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

/** A model needs no more of arguments to know that they are others than its own. */
const MAX_SHOWN_ARGUMENTS = 16_384;

const textOf = ({ content }: Material, ref: BlobRef | undefined): string => {
  const value = ref && content.get(ref.sha256);
  return value === undefined ? '' : TextContent.parse(value).text;
};

const editNotice = ({ content, edited }: Material, toolCallId: string): string => {
  const ref = edited.get(toolCallId);
  const args = ref && content.get(ref.sha256);
  if (args === undefined) return '';
  const text = canonicalJson(args);
  const shown = text.length > MAX_SHOWN_ARGUMENTS ? `${text.slice(0, MAX_SHOWN_ARGUMENTS)} (cut)` : text;
  return `A person changed the arguments of this call. It ran with: ${shown}\n\n`;
};

const resultText = ({ data }: EventOf<'tool.completed'>, call: OpenCall | undefined, material: Material): string => {
  const { result } = ResultContent.parse(material.content.get(data.resultRef.sha256));
  const text = typeof result === 'string' ? result : JSON.stringify(result);
  // Who answers a question or lets a run go on is a person anyway.
  if (data.suppliedBy === 'person')
    return isAnsweredByPeople(call?.judged?.role) ? text : `A person supplied this result, not the tool:\n\n${text}`;
  return editNotice(material, data.toolCallId) + text;
};

const failureText = ({ data }: EventOf<'tool.failed'>, material: Material): string => {
  const reason = textOf(material, data.reasonRef);
  if (data.code === 'failed_by_operator') return `A person marked this call as failed: ${reason}`;
  return editNotice(material, data.toolCallId) + reason;
};

const denialText = ({ data }: EventOf<'tool.denied'>, material: Material): string => {
  const reason = textOf(material, data.reasonRef);
  return reason ? `${data.message} ${reason}` : data.message;
};

const answered = (
  before: Conversation,
  { toolCallId, tool }: { readonly toolCallId: string; readonly tool: string },
  text: string,
  isError: boolean,
): Conversation => {
  const providerCallId = before.open.get(toolCallId)?.providerCallId ?? toolCallId;
  const open = new Map(before.open);
  open.delete(toolCallId);
  const message: TranscriptMessage = { role: 'tool', toolCallId, providerCallId, tool, text, isError };
  return open.size === 0
    ? { ...before, messages: [...before.messages, message, ...before.notes], open, notes: [] }
    : { ...before, messages: [...before.messages, message], open };
};

const said = (before: Conversation, message: TranscriptMessage): Conversation => ({
  ...before,
  messages: [...before.messages, message],
});

const noted = (before: Conversation, text: string): Conversation => {
  const note: TranscriptMessage = { role: 'user', text };
  return before.open.size === 0 ? said(before, note) : { ...before, notes: [...before.notes, note] };
};

const held = (before: Conversation, text: string): Conversation => ({
  ...before,
  notes: [...before.notes, { role: 'user', text }],
});

const spoken = (before: Conversation, { data }: EventOf<'message.completed'>, material: Material): Conversation => {
  const { text, calls, model, parts } = MessageContent.parse(material.content.get(data.messageRef.sha256));
  const open = new Map(
    calls.map(({ toolCallId, providerCallId }): [string, OpenCall] => {
      const judged = data.calls.find((one) => one.toolCallId === toolCallId);
      return [toolCallId, { providerCallId, ...(judged && { judged }) }];
    }),
  );
  const heard = said(before, {
    role: 'assistant',
    turn: data.turn,
    text,
    calls,
    ...(parts && { parts, ...(model !== undefined && { model }) }),
  });
  // What was written while it spoke comes after what it said, and after the results of what it asked for.
  return open.size > 0
    ? { ...heard, open }
    : { ...heard, messages: [...heard.messages, ...heard.notes], open, notes: [] };
};

/** Where what comes after a turn begins: the next answer, or what people have said since the last one. */
export const endOfTurn = (messages: readonly TranscriptMessage[], turn: number): number => {
  const next = messages.findIndex(
    (message) => message.role === 'assistant' && message.turn !== undefined && message.turn > turn,
  );
  return next < 0 ? messages.findLastIndex(({ role }) => role !== 'user') + 1 : next;
};

/** The summary takes the place of everything before the next turn; a call without a result is never before it. */
const compacted = (before: Conversation, { data }: EventOf<'context.compacted'>, material: Material): Conversation => {
  const kept = before.messages.slice(endOfTurn(before.messages, data.throughTurn));
  const summary = `Summary of turns 1 to ${data.throughTurn}, which no longer fit:\n\n${textOf(material, data.summaryRef)}`;
  return { ...before, messages: [{ role: 'user', text: `${before.input}\n\n${summary}` }, ...kept] };
};

/** Thoughts and signatures are good for the model that gave them only: another one gets text and calls. */
export const asSaidBy = (model: string, message: TranscriptMessage): TranscriptMessage => {
  if (message.role !== 'assistant' || message.parts === undefined || message.model === model) return message;
  const { parts: _, ...rest } = message;
  return rest;
};

const OUTPUT_INVALID =
  'Your answer must be one JSON value that fits the schema of your output, and nothing around it. This is wrong with it:';

const yourTurn = ({ from, agent }: EventOf<'run.transferred'>['data']): string =>
  `The agent ${from} is done; what it said last is above. You are ${agent}, and it is your turn: do your part of the task.`;

export const foldEvent = (before: Conversation, event: RunEvent, material: Material): Conversation => {
  switch (event.type) {
    case 'run.started': {
      const input = textOf(material, event.data.inputRef);
      return said({ ...before, input }, { role: 'user', text: input });
    }
    case 'context.compacted':
      return compacted(before, event, material);
    case 'message.completed':
      return spoken(before, event, material);
    case 'tool.completed':
      return answered(before, event.data, resultText(event, before.open.get(event.data.toolCallId), material), false);
    case 'tool.failed':
      return answered(before, event.data, failureText(event, material), true);
    case 'tool.denied':
      return answered(before, event.data, denialText(event, material), true);
    case 'run.unblocked':
      // Where the note answers a call of the model's own, it is that call's result already.
      return event.data.answers.length > 0
        ? before
        : noted(before, `The run was stopped. A person let it go on and says: ${textOf(material, event.data.noteRef)}`);
    case 'message.received': {
      const text = textOf(material, event.data.textRef);
      return event.data.duringTurn === undefined ? noted(before, text) : held(before, text);
    }
    case 'run.transferred':
      // A call that hands the run over has a result; one after another in a sequence, somebody must say so.
      return event.data.toolCallId === undefined ? noted(before, yourTurn(event.data)) : before;
    case 'output.invalid':
      return noted(before, `${OUTPUT_INVALID}\n\n${textOf(material, event.data.reasonRef)}`);
    case 'contract.unmet': {
      const list = event.data.missing.map(({ path, problem }) => `- ${path} (${problem})`).join('\n');
      return noted(before, `The run cannot complete yet. These required artifacts are missing:\n${list}`);
    }
    default:
      return before;
  }
};
