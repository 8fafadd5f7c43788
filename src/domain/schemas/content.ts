/** The shapes of what bridge and steps keep in the blob store. Tolerant: what an older version wrote must stay readable. */
import { z } from 'zod';

/** What a person or a program said: inputs, reasons, faults. */
export const TextContent = z.object({ text: z.string() });

const PartMetadata = z.record(z.string(), z.record(z.string(), z.json()));

/** One answer of the model. `argumentsText` is what it wrote, cut where it is too long to be read at all. */
export const MessageContent = z.object({
  text: z.string(),
  calls: z.array(
    z.object({ toolCallId: z.string(), providerCallId: z.string(), tool: z.string(), argumentsText: z.string() }),
  ),
  /** `provider/model` that said it. */
  model: z.string().optional(),
  /** Where there is more than text and calls: reasoning, and what the provider wants back with each part. */
  parts: z
    .array(
      z.union([
        z.object({ type: z.enum(['text', 'reasoning']), text: z.string(), metadata: PartMetadata.optional() }),
        z.object({ type: z.literal('call'), call: z.number().int().nonnegative(), metadata: PartMetadata.optional() }),
      ]),
    )
    .optional(),
});
export type MessageContent = z.infer<typeof MessageContent>;

/** All that the model thought, where its provider shows it. */
export const reasoningOf = ({ parts }: MessageContent): string | undefined => {
  const thoughts = (parts ?? []).flatMap((part) => (part.type === 'reasoning' && part.text !== '' ? [part.text] : []));
  return thoughts.length > 0 ? thoughts.join('\n\n') : undefined;
};

/** What a tool returned: plain JSON. */
export const ResultContent = z.object({ result: z.json() });

/** What a run's instructions are filled in with, by name. */
export const VariablesContent = z.record(z.string(), z.string());

/** What a decision sets in the run's state. */
export const StateEditsContent = z.array(z.object({ path: z.string(), value: z.json() }));
export type StateEditsContent = z.infer<typeof StateEditsContent>;

/** What conditions of the policy saw beside the call itself, the same for all calls of a turn. */
export const RecordedFacts = z.object({
  turn: z.number(),
  startedAt: z.string(),
  usage: z.object({
    inputTokens: z.number(),
    outputTokens: z.number(),
    turns: z.number(),
    toolCalls: z.number(),
  }),
});
export type RecordedFacts = z.infer<typeof RecordedFacts>;
