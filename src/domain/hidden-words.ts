import type { AgentDefinition } from './schemas/agent.ts';

/** Of an agent that others follow in its sequence: what it says is for them, where the sequence says so. */
export const hidesWords = ({ sequence, hideIntermediate }: AgentDefinition): boolean =>
  hideIntermediate === true && sequence !== undefined;
