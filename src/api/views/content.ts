/** Content comes from the store by reference; what is erased or missing is simply absent. */
import type { JsonValue } from '../../domain/arguments/json-value.ts';
import { MessageContent, ResultContent, TextContent } from '../../domain/schemas/content.ts';
import type { BlobRef } from '../../domain/schemas/names.ts';

export type Contents = ReadonlyMap<string, JsonValue>;

type Ref = BlobRef | null | undefined;

/** The value behind a reference. */
export const contentOf = (contents: Contents, ref: Ref): JsonValue | undefined =>
  ref ? contents.get(ref.sha256) : undefined;

/** What a person or program said: inputs, reasons, and the text of messages. */
export const textOf = (contents: Contents, ref: Ref): string | undefined =>
  TextContent.safeParse(contentOf(contents, ref)).data?.text;

export const messageOf = (contents: Contents, ref: Ref): MessageContent | undefined =>
  MessageContent.safeParse(contentOf(contents, ref)).data;

export const resultOf = (contents: Contents, ref: Ref): JsonValue | undefined =>
  ResultContent.safeParse(contentOf(contents, ref)).data?.result;
