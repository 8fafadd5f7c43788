import type { RecordedFacts } from '../domain/schemas/content.ts';
import type { CallModelInput } from '../domain/schemas/step.ts';

/** What policy conditions see beside the call itself, as the workflow knows it. */
export const recordedFacts = ({ turn, facts }: Pick<CallModelInput, 'turn' | 'facts'>): RecordedFacts => ({
  turn,
  startedAt: new Date(facts.startedAt).toISOString(),
  usage: {
    inputTokens: facts.usage.inputTokens,
    outputTokens: facts.usage.outputTokens,
    turns: turn - 1,
    toolCalls: facts.toolCalls,
  },
});
