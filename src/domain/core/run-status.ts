/** Which action is legal in which status: api, workflow, cli and inbox all ask this table. */
import type { RunStatus } from '../schemas/run.ts';

const UNFINISHED = ['running', 'suspended', 'needs_attention'] as const satisfies readonly RunStatus[];

const ALLOWED = {
  decide: UNFINISHED,
  extend: UNFINISHED,
  cancel: UNFINISHED,
  block: UNFINISHED,
  unblock: ['needs_attention'],
  resolve: ['needs_attention'],
  message: UNFINISHED,
} as const satisfies Record<string, readonly RunStatus[]>;

export type RunAction = keyof typeof ALLOWED;

export const runCan = (action: RunAction, status: RunStatus): boolean =>
  (ALLOWED[action] as readonly RunStatus[]).includes(status);

/** What may be done to a run now. */
export const runActions = (status: RunStatus): readonly RunAction[] =>
  (Object.keys(ALLOWED) as RunAction[]).filter((action) => runCan(action, status));

const STATUS_BY_END: Readonly<Record<string, RunStatus>> = {
  'run.completed': 'completed',
  'run.failed': 'failed',
  'run.cancelled': 'cancelled',
};

/** How a run has ended by this event; undefined where the event is not a run's end. */
export const endedBy = (eventType: string): RunStatus | undefined => STATUS_BY_END[eventType];

export const isFinished = (status: RunStatus): boolean => !(UNFINISHED as readonly RunStatus[]).includes(status);
