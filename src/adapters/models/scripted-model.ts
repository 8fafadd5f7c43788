import type { JsonValue } from '../../domain/arguments/json-value.ts';
import type { AnswerPart, ModelPort, ModelReply, ModelRequest, RequestedCall } from './model-port.ts';

/** One turn of a scripted model. */
export interface ScriptedTurn {
  readonly text: string;
  readonly calls: readonly ScriptedCall[];
  /** What it thinks before it says anything: streamed too, and wanted back with a signature. */
  readonly reasoning?: string;
  /** Thrown instead of answering, for as long as it returns an error. */
  readonly failure?: () => Error | undefined;
}

export interface ScriptedCall {
  readonly tool: string;
  readonly argumentsText: string;
}

/** A turn, or what to do in it given everything the model was sent. */
export type ScriptedStep = ScriptedTurn | ((request: ModelRequest) => ScriptedTurn | Promise<ScriptedTurn>);

/** A turn that only says something; the run then ends. */
export const says = (text: string): ScriptedTurn => ({ text, calls: [] });

/** The same turn, thought about first. */
export const thinks = (reasoning: string, turn: ScriptedTurn): ScriptedTurn => ({ ...turn, reasoning });

/** A turn that asks for one tool. Arguments wrapped by `rawText` are passed on as they are, valid or not. */
export const asksFor = (
  tool: string,
  args: JsonValue | RawText = {},
  options: { readonly saying?: string } = {},
): ScriptedTurn => ({ text: options.saying ?? '', calls: [{ tool, argumentsText: argumentsText(args) }] });

/** A turn with all the calls of these turns, in order. */
export const asksForAll = (
  turns: readonly ScriptedTurn[],
  options: { readonly saying?: string } = {},
): ScriptedTurn => ({
  text: options.saying ?? turns.map((turn) => turn.text).join(''),
  calls: turns.flatMap((turn) => turn.calls),
});

/** Arguments exactly as written, for what strict parsing must refuse: `asksFor('refund', rawText('{"a":1,"a":2}'))`. */
export const rawText = (text: string): RawText => new RawText(text);

class RawText {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** Throws `error` the first time this process comes here, then answers. The only step that remembers anything. */
export function failsOnce(error: Error, then: ScriptedTurn = says('')): ScriptedTurn {
  let failed = false;
  const failure = (): Error | undefined => {
    if (failed) return undefined;
    failed = true;
    return error;
  };
  return { ...then, failure };
}

export interface ScriptedModelOptions {
  /** Stream text in pieces of this many characters; by default all at once. */
  readonly chunkLength?: number;
  /** Awaited after each piece: a test holds the stream open here. */
  readonly pause?: (sent: { readonly text: string; readonly request: ModelRequest }) => Promise<void>;
}

/**
 * A model that follows a script. It keeps nothing: the step is chosen by the number of assistant messages it was sent, so
 * any process can go on with a run that another began. Past the script's end it says nothing, which ends the run. A
 * single function decides every turn.
 */
export function scriptedModel(
  script: readonly ScriptedStep[] | ((request: ModelRequest) => ScriptedTurn | Promise<ScriptedTurn>),
  options: ScriptedModelOptions = {},
): ModelPort {
  return {
    async generate(request, io) {
      io.signal.throwIfAborted();
      const index = request.messages.filter((message) => message.role === 'assistant').length;
      const step = typeof script === 'function' ? script : (script[index] ?? says(''));
      const turn = typeof step === 'function' ? await step(request) : step;
      const failure = turn.failure?.();
      if (failure !== undefined) throw failure;
      for (const piece of pieces(turn.reasoning ?? '', options.chunkLength)) {
        io.onReasoning?.(piece);
        await options.pause?.({ text: piece, request });
        io.signal.throwIfAborted();
      }
      for (const piece of pieces(turn.text, options.chunkLength)) {
        io.onText(piece);
        await options.pause?.({ text: piece, request });
        io.signal.throwIfAborted();
      }
      return replyOf(turn, request, index);
    },
  };
}

function replyOf(turn: ScriptedTurn, request: ModelRequest, index: number): ModelReply {
  const calls = turn.calls.map((call, place): RequestedCall => ({
    ...call,
    providerCallId: `scripted_${index + 1}_${place + 1}`,
  }));
  return {
    text: turn.text,
    calls,
    ...(turn.reasoning !== undefined && { parts: partsOf(turn, turn.reasoning, index) }),
    usage: {
      inputTokens: tokensIn(request.instructions.length + sum(request.messages.map((message) => message.text.length))),
      outputTokens: tokensIn(turn.text.length + sum(calls.map((call) => call.argumentsText.length))),
    },
    finishReason: calls.length > 0 ? 'tool-calls' : 'stop',
  };
}

const partsOf = (turn: ScriptedTurn, reasoning: string, index: number): AnswerPart[] => [
  { type: 'reasoning', text: reasoning, metadata: { scripted: { signature: `thought_${index + 1}` } } },
  ...(turn.text === '' ? [] : [{ type: 'text', text: turn.text } as const]),
  ...turn.calls.map((_, call) => ({ type: 'call', call }) as const),
];

/** About what a tokenizer would count, so that usage is never zero and never random. */
const tokensIn = (length: number): number => Math.ceil(length / 4);
const sum = (lengths: readonly number[]): number => lengths.reduce((total, length) => total + length, 0);

function pieces(text: string, chunkLength: number | undefined): string[] {
  if (text === '') return [];
  if (chunkLength === undefined) return [text];
  // By code points: no piece ends within a surrogate pair.
  const characters = Array.from(text);
  const result: string[] = [];
  for (let at = 0; at < characters.length; at += chunkLength) {
    result.push(characters.slice(at, at + chunkLength).join(''));
  }
  return result;
}

const argumentsText = (args: JsonValue | RawText): string =>
  args instanceof RawText ? args.text : JSON.stringify(args);
