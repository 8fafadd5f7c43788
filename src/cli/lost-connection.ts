import { ProblemError } from '../client/index.ts';
import type { Reconnect } from '../client/index.ts';
import type { Terminal } from './terminal.ts';

export interface LostConnection {
  readonly onReconnect: (reconnect: Reconnect) => void;
  /** To be called with whatever arrives. */
  isBack(): void;
}

/** Says once that a live feed is cut, until it is back. */
export function tellLostConnection(terminal: Terminal): LostConnection {
  let isTold = false;
  return {
    onReconnect: ({ attempt, cause }) => {
      // A cut that the next attempt mends is nobody's business.
      if (attempt < 2 || isTold) return;
      isTold = true;
      const why = cause instanceof ProblemError ? cause.title : 'The connection is lost';
      terminal.note(`${why}; trying again until it is back (Ctrl-C gives up).`);
    },
    isBack() {
      isTold = false;
    },
  };
}
