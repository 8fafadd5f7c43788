/** What a server answers, cut to what may be kept. Images, sounds and files are kept beside it and named by reference. */
import type { CallToolResult, ContentBlock, Tool as OfferedTool } from '@modelcontextprotocol/client';
import type { JsonValue } from '../../domain/arguments/json-value.ts';
import { isJsonValue } from '../../domain/arguments/json-value.ts';
import type { ToolContext } from '../tools/tool.ts';
import { compileSchema } from './json-schema.ts';

const MAX_TEXT_LENGTH = 262_144;
const MAX_STRUCTURED_LENGTH = 262_144;
const MAX_BLOCKS = 100;
const MAX_ATTACHED_LENGTH = 12 * 1024 * 1024;
const MAX_LABEL_LENGTH = 2_000;

const label = (text: string | undefined): string | undefined => text?.slice(0, MAX_LABEL_LENGTH).toWellFormed();

/** Keeps text and data of one answer within its bounds. */
class Budget {
  #text = MAX_TEXT_LENGTH;
  #attached = MAX_ATTACHED_LENGTH;
  isCut = false;

  text(text: string): string {
    const taken = text.slice(0, this.#text);
    this.#text -= taken.length;
    if (taken.length < text.length) this.isCut = true;
    return taken.toWellFormed();
  }

  attach(data: string, mimeType: string | undefined, { attach }: ToolContext): JsonValue {
    const bytes = Buffer.byteLength(data, 'base64');
    if (data.length > this.#attached) {
      this.isCut = true;
      return { bytes, kept: false };
    }
    this.#attached -= data.length;
    return { bytes, ref: { ...attach({ mimeType: label(mimeType) ?? null, base64: data.toWellFormed() }) } };
  }
}

function readBlock(block: ContentBlock, budget: Budget, context: ToolContext): JsonValue {
  switch (block.type) {
    case 'text':
      return { type: 'text', text: budget.text(block.text) };
    case 'image':
    case 'audio':
      return {
        type: block.type,
        mimeType: label(block.mimeType) ?? null,
        ...(budget.attach(block.data, block.mimeType, context) as object),
      };
    case 'resource_link':
      return { type: 'resource_link', uri: label(block.uri) ?? '', name: label(block.name) ?? '' };
    case 'resource': {
      const { resource } = block;
      const about = { type: 'resource', uri: label(resource.uri) ?? '', mimeType: label(resource.mimeType) ?? null };
      return 'text' in resource
        ? { ...about, text: budget.text(resource.text) }
        : { ...about, ...(budget.attach(resource.blob, resource.mimeType, context) as object) };
    }
  }
}

/** A server that promised a shape and sends another: the rest of its answer stands, and the model is told. */
function readStructured(value: unknown, { outputSchema }: OfferedTool): Record<string, JsonValue> {
  if (value === undefined) return {};
  if (!isJsonValue(value) || JSON.stringify(value).length > MAX_STRUCTURED_LENGTH) return { structured: 'too_large' };
  const faults = outputSchema ? (compileSchema(outputSchema)?.(value) ?? []) : [];
  return faults.length > 0 ? { structured: 'not_of_the_declared_schema' } : { structured: value };
}

export function readResult(answer: CallToolResult, tool: OfferedTool, context: ToolContext): JsonValue {
  const budget = new Budget();
  const content = answer.content.slice(0, MAX_BLOCKS).map((block) => readBlock(block, budget, context));
  const isCut = budget.isCut || answer.content.length > MAX_BLOCKS;
  return { content, ...readStructured(answer.structuredContent, tool), ...(isCut && { truncated: true }) };
}

/** What a failed call says, for the model. */
export const failureText = (answer: CallToolResult): string =>
  answer.content
    .flatMap((block) => (block.type === 'text' ? [block.text] : []))
    .join('\n')
    .slice(0, MAX_LABEL_LENGTH * 4)
    .toWellFormed() || 'The server says that the call failed.';
