/** The shapes of what bridge and steps keep in the blob store. Tolerant: what an older version wrote must stay readable. */
import { z } from 'zod';

/** What a person or a program said: inputs, reasons, faults. */
export const TextContent = z.object({ text: z.string() });

/** One answer of the model. `argumentsText` is what it wrote, cut where it is too long to be read at all. */
export const MessageContent = z.object({
  text: z.string(),
  calls: z.array(
    z.object({ toolCallId: z.string(), providerCallId: z.string(), tool: z.string(), argumentsText: z.string() }),
  ),
});
export type MessageContent = z.infer<typeof MessageContent>;

/** What a tool returned: plain JSON. */
export const ResultContent = z.object({ result: z.json() });

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
