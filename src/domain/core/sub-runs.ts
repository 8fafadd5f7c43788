/** What a sub-run has of its parent. Derived, never drawn: the same call of the same run always has the same sub-run. */
import type { StartCommand } from '../schemas/command.ts';
import { sha256Hex } from './digest.ts';

/** Agents from the root to this run, this run's included. */
export const pathOf = ({ agent, parent }: Pick<StartCommand, 'agent' | 'parent'>): readonly string[] => [
  ...(parent?.path ?? []),
  agent,
];

/** 128 bits as 32 hex digits. `purpose` tells what is salted. */
export const subRunSalt = (parentSalt: string, runId: string, purpose: 'run' | 'input'): string =>
  sha256Hex(JSON.stringify(['countersign.sub-run-salt/v1', parentSalt, runId, purpose])).slice(0, 32);
