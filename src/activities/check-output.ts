/** Whether an answer is the JSON that its agent promises; what is wrong with it, where it is not. */
import { argumentsChecker } from '../domain/arguments/answer-schema.ts';
import { parseStrictJson } from '../domain/arguments/parse-strict-json.ts';
import { validateArguments } from '../domain/arguments/validate-arguments.ts';
import type { AgentDefinition } from '../domain/schemas/agent.ts';

/** Undefined where it fits, or the agent promises nothing. */
export const outputFault = ({ output }: Pick<AgentDefinition, 'output'>, text: string): string | undefined => {
  if (!output) return undefined;
  const checker = argumentsChecker({ source: 'agent', inputSchema: output });
  if (!checker) return 'The schema of the output cannot be checked here.';
  const parsed = parseStrictJson(text);
  if (!parsed.ok) return `It is not JSON: ${parsed.fault.message}`;
  const valid = validateArguments(checker, parsed.value);
  return valid.ok ? undefined : valid.faults.map(({ path, message }) => `${path || '/'}: ${message}`).join('\n');
};
