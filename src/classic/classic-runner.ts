/**
 * Drives the runs of this process. It holds a lock in the store as long as it lives, and each of its runs names it: a run
 * whose driver's lock is free has lost its process, and no process ever takes over another's run.
 */
import { randomUUID } from 'node:crypto';
import { newRunState } from '../domain/core/state.ts';
import type { AgentDefinition } from '../domain/schemas/agent.ts';
import { StartCommand } from '../domain/schemas/command.ts';
import type { RunActivities } from '../domain/schemas/step.ts';
import type { TrustedKeys } from '../platform/signing-keys.ts';
import { readCancelRequests } from '../store/driven-runs.ts';
import type { RunRow } from '../store/run-rows.ts';
import { beginningOf } from '../workflows/beginning.ts';
import { openRun } from '../workflows/live-run.ts';
import type { LiveRun } from '../workflows/live-run.ts';
import { INTERRUPTED, driveRun } from './drive-run.ts';
import type { DrivenRun } from './drive-run.ts';
import { keepDriverLock } from './driver-lock.ts';
import { endInterrupted } from './end-interrupted.ts';
import type { InterruptedParts } from './end-interrupted.ts';
import { readCancel } from './read-cancel.ts';

export interface ClassicRunnerParts extends InterruptedParts {
  readonly trust: TrustedKeys;
  /** As a worker would register them. */
  readonly activities: RunActivities;
  /** How long runs under way may go on when the process ends. Default 5 s. */
  readonly graceMs?: number;
  /** More at a time are not begun. Default 200, as many as a worker has steps under way. */
  readonly maxRuns?: number;
}

export interface ClassicRunner {
  /** What new runs are to name as their driver; undefined where none can be begun now. */
  readonly driverId: string | undefined;
  /** Drives a run whose row names this driver, to its end. */
  begin(row: RunRow, definition: AgentDefinition): void;
  /** A cancel may have been recorded: look at once. */
  look(): void;
  /** Begins nothing more; lets runs end, then ends them. */
  stop(): Promise<void>;
}

const DEFAULT_GRACE_MS = 5_000;
const DEFAULT_MAX_RUNS = 200;
/** How often cancels are looked for that other replicas have recorded. A workflow's tool hears of one within a second, too. */
const CANCEL_CHECK_MS = 500;

interface Active {
  readonly live: LiveRun;
  readonly driven: DrivenRun;
}

export const startClassicRunner = async (parts: ClassicRunnerParts): Promise<ClassicRunner> => {
  const { store, logger, trust, activities, graceMs = DEFAULT_GRACE_MS, maxRuns = DEFAULT_MAX_RUNS } = parts;
  const driverId = randomUUID();
  const lock = keepDriverLock({ store, logger, driverId });
  await lock.isTried;
  const active = new Map<string, Active>();
  let isStopping = false;
  let timer: NodeJS.Timeout | undefined;

  const obeyCancels = async (): Promise<void> => {
    for (const [runId, signed] of await readCancelRequests(store, driverId)) {
      const found = active.get(runId);
      if (found && !found.live.state.cancel) found.live.apply(readCancel(signed, trust, found.live.state.identity));
    }
  };
  const look = (): void => {
    clearTimeout(timer);
    timer = undefined;
    if (active.size === 0) return;
    obeyCancels()
      .catch((error: unknown) => logger.warn({ err: error }, 'classic.cancels_unread'))
      .finally(() => {
        timer ??= setTimeout(look, CANCEL_CHECK_MS);
      });
  };

  const follow = async (row: RunRow, { driven }: Active): Promise<void> => {
    const { tenant, project, runId } = row;
    try {
      await driven.ended;
    } catch (error) {
      // A bug: it must not leave a run that nobody ends.
      logger.error({ tenant, project, runId, err: error }, 'classic.drive_failed');
      await endInterrupted(parts, row).catch((fault: unknown) =>
        logger.error({ tenant, project, runId, err: fault }, 'classic.end_failed'),
      );
    } finally {
      active.delete(runId);
    }
  };

  return {
    get driverId() {
      return !isStopping && lock.isHeld && active.size < maxRuns ? driverId : undefined;
    },
    begin(row, definition) {
      if (active.has(row.runId)) return;
      const { identity, contributors, input } = beginningOf(StartCommand.parse(JSON.parse(row.startCommand.bytes)));
      const { limits } = definition;
      const live = openRun({
        state: newRunState(identity, limits, contributors, 'classic'),
        nextOrdinal: 1,
        evidence: {},
      });
      live.apply({ type: 'start', ...input });
      const driven = driveRun(live, activities, logger);
      active.set(row.runId, { live, driven });
      const limitMs = limits.requestTimeoutMs;
      const limit = limitMs === undefined ? undefined : setTimeout(() => driven.halt(tooLong(limitMs)), limitMs);
      void follow(row, { live, driven }).finally(() => clearTimeout(limit));
      if (isStopping) driven.halt(INTERRUPTED);
      timer ??= setTimeout(look, CANCEL_CHECK_MS);
    },
    look,
    async stop() {
      isStopping = true;
      const allEnded = () => Promise.allSettled([...active.values()].map(({ driven }) => driven.ended));
      await within(graceMs, allEnded());
      for (const { driven } of active.values()) driven.halt(INTERRUPTED);
      await within(graceMs, allEnded());
      clearTimeout(timer);
      // Whatever is still out is the reconciler's to end.
      await lock.release();
    },
  };
};

const tooLong = (limitMs: number) => ({
  code: 'request_time_over',
  detail: `The run did not end within the ${limitMs} ms that its request may take.`,
});

/** Waits for it, but no longer than so. */
const within = async (timeoutMs: number, work: Promise<unknown>): Promise<void> => {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, timeoutMs);
  });
  await Promise.race([work, over]);
  clearTimeout(timer);
};
