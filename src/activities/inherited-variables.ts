import { hasVariables, pinVariables } from '../domain/prompt-variables.ts';
import type { PromptVariables } from '../domain/prompt-variables.ts';
import type { AgentDefinition } from '../domain/schemas/agent.ts';
import type { PinnedRun } from './pinned-run.ts';

type Giver = Pick<PinnedRun, 'start' | 'variables' | 'parent'>;

const timezoneOf = ({ start, parent }: Giver): string => start.timezone ?? (parent ? timezoneOf(parent.run) : 'UTC');

/**
 * For the instructions of an agent that nobody has started: what the one before has been given under the same names, its own
 * defaults, and what is known of the start. Undefined where its instructions are text as they are.
 */
export const inheritedVariables = (
  definition: AgentDefinition,
  giver: Giver,
  atMs: number,
): PromptVariables | undefined => {
  if (!hasVariables(definition)) return undefined;
  const { variables: declared = {} } = definition;
  const given = Object.entries(giver.variables ?? {}).filter(([name, value]) => {
    const one = Object.hasOwn(declared, name) ? declared[name] : undefined;
    return one !== undefined && (!one.values || one.values.includes(value));
  });
  return pinVariables(definition, Object.fromEntries(given), { timezone: timezoneOf(giver), atMs });
};
