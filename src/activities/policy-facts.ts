/** Puts together what a policy's conditions see: by the model step for the first time, by the gate again. */
import type { JsonValue } from '../domain/arguments/canonical-json.ts';
import type { PolicyFacts } from '../domain/policy/facts.ts';
import type { ToolDefinition } from '../domain/schemas/agent.ts';
import type { RecordedFacts } from '../domain/schemas/content.ts';
import type { PinnedRun } from './pinned-run.ts';

export const policyFacts = (
  run: PinnedRun,
  tool: ToolDefinition,
  args: JsonValue,
  recorded: RecordedFacts,
): PolicyFacts => ({
  args,
  tool: {
    name: tool.name,
    source: tool.source,
    effect: tool.effect,
    ...(tool.annotations && { annotations: tool.annotations as Record<string, JsonValue> }),
  },
  run: { agent: run.start.agent, depth: run.path.length - 1, turn: recorded.turn, startedAt: recorded.startedAt },
  requester: run.start.requester,
  usage: recorded.usage,
});
