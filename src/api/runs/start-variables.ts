/** Values of an agent's variables, checked and pinned when a run starts: later edits of the agent change no text. */
import type { StartRun } from '../../contract/runs.ts';
import { hasVariables, pinVariables, variableFaults } from '../../domain/prompt-variables.ts';
import type { AgentDefinition } from '../../domain/schemas/agent.ts';
import { makeBlob } from '../../store/blobs.ts';
import type { NewBlob } from '../../store/blobs.ts';
import { HttpProblem } from '../http-problem.ts';

const DEFAULT_TIMEZONE = 'UTC';

/** Throws `invalid_variables`. */
export function checkVariables(definition: AgentDefinition, { variables = {} }: StartRun): void {
  const faults = variableFaults(definition, variables);
  if (faults.length === 0) return;
  const errors = faults.map(({ name, message }) => ({
    in: 'body' as const,
    pointer: `/variables/${name}`,
    detail: message,
  }));
  throw new HttpProblem('invalid_variables', { extras: { errors } });
}

/** Undefined where the instructions name nothing. */
export const pinnedVariables = (
  definition: AgentDefinition,
  { variables = {}, timezone = DEFAULT_TIMEZONE }: StartRun,
  atMs: number,
): NewBlob | undefined =>
  hasVariables(definition) ? makeBlob({ ...pinVariables(definition, variables, { timezone, atMs }) }) : undefined;
