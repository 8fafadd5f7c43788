import type { LanguageModelV4FunctionTool, LanguageModelV4Message, LanguageModelV4Prompt } from '@ai-sdk/provider';
import type { AnswerPart, ModelRequest, OfferedTool, TranscriptMessage } from './model-port.ts';

/** The conversation as providers want it: no empty parts, and the results of one turn in one message. */
export function toPrompt(request: Pick<ModelRequest, 'instructions' | 'messages'>): LanguageModelV4Prompt {
  const prompt: LanguageModelV4Prompt = [];
  if (request.instructions !== '') prompt.push({ role: 'system', content: request.instructions });
  for (const message of request.messages) {
    const last = prompt.at(-1);
    const next = toMessage(message);
    if (next === undefined) continue;
    if (next.role === 'tool' && last?.role === 'tool') last.content.push(...next.content);
    else prompt.push(next);
  }
  return prompt;
}

function toMessage(message: TranscriptMessage): LanguageModelV4Message | undefined {
  switch (message.role) {
    case 'user':
      return { role: 'user', content: [{ type: 'text', text: message.text }] };
    case 'assistant': {
      const calls = message.calls.map((call) => ({
        type: 'tool-call' as const,
        toolCallId: call.providerCallId,
        toolName: call.tool,
        input: replayable(call.argumentsText),
      }));
      const texts = message.text === '' ? [] : [{ type: 'text' as const, text: message.text }];
      const content = message.parts ? asGiven(message.parts, calls) : [...texts, ...calls];
      // Providers refuse a message without content; an answer of nothing says nothing.
      return content.length === 0 ? undefined : { role: 'assistant', content };
    }
    case 'tool':
      return {
        role: 'tool',
        content: [
          {
            type: 'tool-result',
            toolCallId: message.providerCallId,
            toolName: message.tool,
            output: { type: message.isError ? 'error-text' : 'text', value: message.text },
          },
        ],
      };
  }
}

type AssistantContent = Extract<LanguageModelV4Message, { role: 'assistant' }>['content'];
type PastCall = Extract<AssistantContent[number], { type: 'tool-call' }>;

/** Part by part, with what the provider wants back; a call that was not heard is not sent back either. */
const asGiven = (parts: readonly AnswerPart[], calls: readonly PastCall[]): AssistantContent =>
  parts.flatMap((part): AssistantContent => {
    const given = part.metadata === undefined ? {} : { providerOptions: structuredClone(part.metadata) as never };
    if (part.type !== 'call') return [{ type: part.type, text: part.text, ...given }];
    const call = calls[part.call];
    return call === undefined ? [] : [{ ...call, ...given }];
  });

/** Providers take only objects as past arguments: what was none is sent as none, and its tool error says what it was. */
function replayable(argumentsText: string): object {
  try {
    const value: unknown = JSON.parse(argumentsText);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  } catch {
    // Not JSON: the model was told so by the call's result.
  }
  return {};
}

/** Tools without anything to execute: calls come back to us. */
export const toTools = (tools: readonly OfferedTool[], strict: boolean | undefined): LanguageModelV4FunctionTool[] =>
  tools.map((tool) => ({
    type: 'function',
    name: tool.name,
    description: tool.description,
    inputSchema: tool.inputSchema,
    ...(strict === undefined ? {} : { strict }),
  }));
