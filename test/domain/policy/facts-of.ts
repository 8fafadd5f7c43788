import type { JsonValue } from '../../../src/domain/arguments/json-value.ts';
import type { PolicyFacts } from '../../../src/domain/policy/facts.ts';

/** Facts about a call of `tool` by a person in the group finance, on the agent's third turn. */
export const factsOf = (args: JsonValue, tool: Partial<PolicyFacts['tool']> = {}): PolicyFacts => ({
  args,
  tool: { name: 'refund', source: 'local', effect: 'once', ...tool },
  run: { agent: 'helper', depth: 0, turn: 3, startedAt: '2026-03-02T18:30:00.000Z' },
  requester: { principal: 'ada', groups: ['support', 'finance'] },
  usage: { inputTokens: 1200, outputTokens: 300, turns: 3, toolCalls: 5 },
});
