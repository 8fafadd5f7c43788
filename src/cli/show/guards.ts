/** What the guards of the deployment did with somebody's words. */
import type { GuardReport } from '../../contract/guards.ts';
import type { Terminal } from '../terminal.ts';

const SAID: Readonly<Record<GuardReport['action'], string>> = {
  redact: 'was changed by the guard',
  flag: 'was marked by the guard',
  skip: 'was not looked at by the guard',
};

/** One line for each kind of text; none where nothing was done. */
export const guardLines = (terminal: Terminal, guards: readonly GuardReport[]): readonly string[] =>
  guards.flatMap(({ guard, action, places }) =>
    places.map(({ where, count }) => {
      const what = terminal.style('yellow', `The ${where.replace('_', ' ')}`);
      return `${what} ${SAID[action] ?? `met (${action}) the guard`} ${guard}${count > 1 ? `, in ${count} places` : ''}.`;
    }),
  );
