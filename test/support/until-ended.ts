import { isFinished } from '../../src/domain/core/run-status.ts';
import type { RunDetail } from '../../src/contract/runs.ts';
import type { StartedRun } from '../../src/testing/person.ts';
import { waitFor } from './wait-for.ts';

/** Long enough for the longest pause between two attempts at a step. */
const TIMEOUT_MS = 45_000;

/** The run once it is over, also where it seems to wait for people until somebody finds the time to look. */
export const untilEnded = (run: StartedRun): Promise<RunDetail> =>
  waitFor(
    'the run to end',
    async () => {
      const now = await run.settles();
      return isFinished(now.status) && now;
    },
    { timeoutMs: TIMEOUT_MS },
  );
