/** 410: it is too late. */
import type { ProblemKind } from './problem-kind.ts';

export const GONE = {
  expired: {
    status: 410,
    title: 'Nobody decided in time',
    detail: 'The deadline of the approval has passed; nothing was decided.',
    next: 'Load the run: it says how it goes on. Start another if the call is still wanted.',
  },
  withdrawn: {
    status: 410,
    title: 'The request was withdrawn',
    detail: 'The run no longer asks for this consent; the call will not run.',
    next: 'Nothing. Load the run: it says why.',
  },
  run_over: {
    status: 410,
    title: 'The run is over',
    detail: 'The run has ended; nothing of it can be decided or changed any more.',
    next: 'Start a new run.',
  },
  task_closed: {
    status: 410,
    title: 'The call is no longer to be had',
    detail: 'It was carried out, its run is over, or no worker took it in time.',
    next: 'Carry nothing out, and end the activity with the error `task_over`.',
  },
} as const satisfies Record<string, ProblemKind>;
