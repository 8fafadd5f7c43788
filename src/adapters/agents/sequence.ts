import { defineAgent } from './define-agent.ts';
import type { AgentSource } from './define-agent.ts';

export interface SequenceOptions {
  /** By which runs are started. */
  readonly name: string;
  readonly description?: string;
  /** In this order, in one conversation: each goes on once the one before is done. */
  readonly agents: readonly [AgentSource, ...AgentSource[]];
  /** Readers of the run are shown the words of the last one only. All of them are in the log. */
  readonly hideIntermediate?: boolean;
}

/** Several agents, one after another, in one run. The limits are those of the first. */
export const sequence = ({ name, agents, description, hideIntermediate }: SequenceOptions): AgentSource => {
  const [{ following: _, ...first }, ...others] = agents;
  return defineAgent({
    ...first,
    name,
    description: description ?? first.description,
    sequence: others,
    ...(hideIntermediate && { hideIntermediate }),
  });
};
