import { expect, test } from 'vitest';
import { NO_CONVERSATION, foldEvent, refsOf } from '../../src/activities/transcript-messages.ts';
import type { Conversation, Material } from '../../src/activities/transcript-messages.ts';
import type { JsonValue } from '../../src/domain/arguments/json-value.ts';
import type { JudgedCall, RunEvent } from '../../src/domain/schemas/event.ts';
import type { BlobRef } from '../../src/domain/schemas/names.ts';
import { person } from '../support/core.ts';

const content = new Map<string, JsonValue>();
let blobs = 0;
const ref = (value: JsonValue): BlobRef => {
  const sha256 = String(++blobs).padStart(64, '0');
  content.set(sha256, value);
  return { sha256, bytes: 1 };
};

const spoke = (...calls: Partial<JudgedCall>[]): RunEvent => ({
  type: 'message.completed',
  at: 1,
  data: {
    turn: 1,
    finishReason: 'tool-calls',
    messageRef: ref({
      text: 'Working.',
      calls: calls.map((_, index) => ({
        toolCallId: `call_1_${index}`,
        providerCallId: `p${index}`,
        tool: 'send',
        argumentsText: '{}',
      })),
    }),
    calls: calls.map((call, index) => ({ toolCallId: `call_1_${index}`, tool: 'send', ...call })),
  },
});
const completed = (index: number, result: JsonValue, more: object = {}): RunEvent => ({
  type: 'tool.completed',
  at: 1,
  data: { toolCallId: `call_1_${index}`, tool: 'send', resultRef: ref({ result }), ...more },
});
const unblocked = (text: string, answers: string[] = []): RunEvent => ({
  type: 'run.unblocked',
  at: 1,
  data: {
    actor: person('olga'),
    channel: 'api',
    signatureId: 's',
    commandId: 'c',
    noteRef: ref({ text, result: text }),
    answers,
  },
});

const tell = (events: readonly RunEvent[], edited: Material['edited'] = new Map()): readonly string[] =>
  events
    .reduce<Conversation>((before, event) => {
      // A fold may use nothing that it does not ask for.
      const asked = new Map(
        [...refsOf(event), ...edited.values()].map(({ sha256 }) => [sha256, content.get(sha256) ?? null]),
      );
      return foldEvent(before, event, { content: asked, edited });
    }, NO_CONVERSATION)
    .messages.map(({ role, text }) => `${role}: ${text}`);

test("a note never comes between a turn's calls and their results", () => {
  const events = [spoke({}, {}), unblocked('Go on.'), completed(1, 'b'), completed(0, 'a')];
  expect(tell(events)).toEqual([
    'assistant: Working.',
    'tool: b',
    'tool: a',
    'user: The run was stopped. A person let it go on and says: Go on.',
  ]);
  expect(tell(events.slice(0, 3))).not.toContainEqual(expect.stringContaining('Go on.'));
});

const received = (text: string, duringTurn?: number): RunEvent => ({
  type: 'message.received',
  at: 1,
  data: {
    actor: person('olga'),
    channel: 'api',
    signatureId: 's',
    commandId: 'c',
    textRef: ref({ text }),
    ...(duringTurn !== undefined && { duringTurn }),
  },
});

test('a message comes after the results of open calls; one that came while the model spoke, after what it said', () => {
  const events = [received('one'), received('two', 1), spoke({}), received('three'), completed(0, 'a')];
  expect(tell(events)).toEqual(['user: one', 'assistant: Working.', 'tool: a', 'user: two', 'user: three']);
  expect(tell(events.slice(0, 2))).toEqual(['user: one']);
  expect(tell([received('two', 1), spoke(), received('three')])).toEqual([
    'assistant: Working.',
    'user: two',
    'user: three',
  ]);
});

test('a note that answers a call of the model is its result, and nothing else', () => {
  expect(
    tell([
      spoke({ role: 'block' }),
      unblocked('Go on.', ['call_1_0']),
      completed(0, 'Go on.', { suppliedBy: 'person' }),
    ]),
  ).toEqual(['assistant: Working.', 'tool: Go on.']);
});

test('a result that a person supplied is marked, but for an answer to a question', () => {
  const events = [
    spoke({}, { role: 'question' }),
    completed(0, 'done', { suppliedBy: 'person' }),
    completed(1, 'Blue', { suppliedBy: 'person' }),
  ];
  expect(tell(events)).toEqual([
    'assistant: Working.',
    'tool: A person supplied this result, not the tool:\n\ndone',
    'tool: Blue',
  ]);
});

test('the model is told which arguments really ran', () => {
  const edited = new Map([['call_1_0', ref({ amount: 50 })]]);
  const failed: RunEvent = {
    type: 'tool.failed',
    at: 1,
    data: { toolCallId: 'call_1_0', tool: 'send', code: 'declined', reasonRef: ref({ text: 'Declined.' }) },
  };
  const notice = 'A person changed the arguments of this call. It ran with: {"amount":50}\n\n';
  expect(tell([spoke({}), completed(0, { ok: true })], edited)[1]).toBe(`tool: ${notice}{"ok":true}`);
  expect(tell([spoke({}), failed], edited)[1]).toBe(`tool: ${notice}Declined.`);
});

test('what people say of a call that did not run reaches the model', () => {
  const denied: RunEvent = {
    type: 'tool.denied',
    at: 1,
    data: {
      toolCallId: 'call_1_0',
      tool: 'send',
      code: 'changes_requested',
      message: 'A person wants this call changed.',
      reasonRef: ref({ text: 'Send less.' }),
    },
  };
  expect(tell([spoke({}), denied])[1]).toBe('tool: A person wants this call changed. Send less.');
});
