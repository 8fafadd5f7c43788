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
} as const satisfies Record<string, ProblemKind>;
