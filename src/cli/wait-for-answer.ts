import { setTimeout as delay } from 'node:timers/promises';
import { CliError, EXIT } from './exit-codes.ts';

const POLL_MS = 500;
const PATIENCE_MS = 60_000;

/** Looks until there is an answer: a command lies in the mailbox of a run, and a worker has yet to take it out. */
export async function waitForAnswer<T>(look: () => Promise<T | undefined>, said: string): Promise<T> {
  const deadlineMs = Date.now() + PATIENCE_MS;
  for (;;) {
    const answer = await look();
    if (answer !== undefined) return answer;
    if (Date.now() > deadlineMs) {
      throw new CliError(
        EXIT.failed,
        `${said} is with the run, and no worker has answered yet.`,
        'It counts as soon as a worker is back.',
      );
    }
    await delay(POLL_MS);
  }
}
