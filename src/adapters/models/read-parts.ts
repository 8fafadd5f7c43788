/** Gathers the parts of a streamed answer in the order in which they began, each with what its provider wants back. */
import type { LanguageModelV4StreamPart } from '@ai-sdk/provider';
import type { JsonValue } from '../../domain/arguments/json-value.ts';
import type { AnswerPart, PartMetadata } from './model-port.ts';

type Metadata = Extract<LanguageModelV4StreamPart, { type: 'text-start' }>['providerMetadata'];

interface OpenPart {
  readonly type: 'text' | 'reasoning' | 'call';
  text: string;
  readonly call: number;
  metadata: Record<string, { readonly [key: string]: JsonValue }>;
}

export interface PartReader {
  /** Returns how many characters it holds because of this. */
  take(part: LanguageModelV4StreamPart): number;
  /** Undefined where there is nothing but text and calls: the answer says it all without. */
  parts(): readonly AnswerPart[] | undefined;
}

export const openParts = (): PartReader => {
  const inOrder: OpenPart[] = [];
  const open = new Map<string, OpenPart>();
  let calls = 0;

  const begin = (type: OpenPart['type'], id?: string): OpenPart => {
    const part: OpenPart = { type, text: '', call: type === 'call' ? calls++ : -1, metadata: {} };
    inOrder.push(part);
    if (id !== undefined) open.set(`${type}:${id}`, part);
    return part;
  };
  const opened = (type: 'text' | 'reasoning', id: string): OpenPart => open.get(`${type}:${id}`) ?? begin(type, id);

  const add = (part: OpenPart, text: string, metadata: Metadata): number => {
    part.text += text;
    const plain = plainMetadata(metadata);
    for (const [provider, values] of Object.entries(plain)) {
      part.metadata[provider] = { ...part.metadata[provider], ...values };
    }
    return metadata === undefined ? 0 : JSON.stringify(plain).length;
  };

  return {
    take(part) {
      switch (part.type) {
        case 'text-start':
          return add(begin('text', part.id), '', part.providerMetadata);
        case 'text-delta':
          return add(opened('text', part.id), part.delta, part.providerMetadata);
        case 'text-end':
          return add(opened('text', part.id), '', part.providerMetadata);
        case 'reasoning-start':
          return add(begin('reasoning', part.id), '', part.providerMetadata);
        case 'reasoning-delta':
          return add(opened('reasoning', part.id), part.delta, part.providerMetadata);
        case 'reasoning-end':
          return add(opened('reasoning', part.id), '', part.providerMetadata);
        case 'tool-call':
          return part.providerExecuted ? 0 : add(begin('call'), '', part.providerMetadata);
        default:
          return 0;
      }
    },
    parts() {
      const filled = inOrder.filter((part) => part.type === 'call' || part.text !== '' || hasMetadata(part));
      const says = filled.some((part) => part.type === 'reasoning' || hasMetadata(part));
      return says ? filled.map(answerPart) : undefined;
    },
  };
};

const hasMetadata = (part: OpenPart): boolean => Object.keys(part.metadata).length > 0;

const answerPart = (part: OpenPart): AnswerPart => {
  const metadata = hasMetadata(part) ? { metadata: part.metadata } : {};
  return part.type === 'call'
    ? { type: 'call', call: part.call, ...metadata }
    : { type: part.type, text: part.text, ...metadata };
};

/** Providers put null, undefined and what they like into it; what is kept is JSON, and only what says something. */
function plainMetadata(metadata: Metadata): PartMetadata {
  const copy: Record<string, Record<string, JsonValue | null>> = JSON.parse(JSON.stringify(metadata ?? {}));
  const said = Object.entries(copy).map(([provider, values]): [string, Record<string, JsonValue>] => [
    provider,
    Object.fromEntries(Object.entries(values ?? {}).filter((entry): entry is [string, JsonValue] => entry[1] !== null)),
  ]);
  return Object.fromEntries(said.filter(([, values]) => Object.keys(values).length > 0));
}
