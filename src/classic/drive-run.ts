/**
 * The second driver of the one loop: what `workflows/agent-run.ts` does in a workflow, done in this process. The core
 * decides, the same steps act; what is different is that nobody is waited for.
 */
import { isFinished } from '../domain/core/run-status.ts';
import { hasWorkInFlight } from '../domain/core/state.ts';
import type { RunState } from '../domain/core/state.ts';
import type { Action } from '../domain/core/next.ts';
import type { RunActivities } from '../domain/schemas/step.ts';
import type { Logger } from '../platform/logger.ts';
import type { LiveRun } from '../workflows/live-run.ts';
import { perform } from '../workflows/perform.ts';
import { hasEventsToStore, openSteps, storeEvents } from '../workflows/steps.ts';
import { openProcessSteps } from './process-steps.ts';
import type { Halt } from './process-steps.ts';

/** The process ends before the run does. */
export const INTERRUPTED: Halt = {
  code: 'interrupted',
  detail: 'The process that drove the run ended before it. What had taken effect by then has.',
};

export interface DrivenRun {
  /** Settles once the run's end is stored. */
  readonly ended: Promise<void>;
  /** Ends the run as failed once what is out has been stopped and recorded. The first reason counts. */
  halt(reason: Halt): void;
}

export const driveRun = (run: LiveRun, activities: RunActivities, logger: Logger): DrivenRun => {
  const port = openProcessSteps(activities, logger);
  const steps = openSteps(run, { asksLedger: true }, port);
  const { promise: halted, resolve: wake } = Promise.withResolvers<void>();
  let reason: Halt | undefined;

  const drive = async (): Promise<void> => {
    for (;;) {
      const seen = run.version;
      const actions = reason ? [] : perform(run, steps);
      if (hasEventsToStore(run)) await storeEvents(run, port);
      const isQuiet = run.version === seen && run.isStored;
      if (isQuiet && isFinished(run.state.status)) return;
      const stop = reason ?? stuckBy(run.state, actions);
      if (isQuiet && stop && !hasWorkInFlight(run.state)) run.apply({ type: 'fail', ...stop });
      if (run.version === seen) await nextEvent(run, actions, reason ? undefined : halted);
      run.apply({ type: 'tick' });
    }
  };

  return {
    // Where it was ended from outside, something may still be out.
    ended: drive().finally(() => port.abandon(INTERRUPTED)),
    halt(given) {
      reason ??= given;
      port.abandon(reason);
      wake();
    },
  };
};

/** What a workflow would wait for people for, ends a run that cannot wait. */
const stuckBy = (state: RunState, actions: readonly Action[]): Halt | undefined => {
  const goesOn = actions.some((action) => action.type !== 'wait' || action.until !== undefined);
  if (goesOn) return undefined;
  const [attention] = state.attentions ?? [];
  const { code, detail } = attention ?? { code: 'classic_cannot_wait', detail: 'The run waits for people.' };
  return { code, detail: `${detail} In classic mode nobody is waited for: the run ends.` };
};

/** Waits until something happens, until it is halted, or until the model may be asked again. */
const nextEvent = async (
  run: LiveRun,
  actions: readonly Action[],
  halted: Promise<void> | undefined,
): Promise<void> => {
  const until = actions.find((action) => action.type === 'wait')?.until;
  const { promise: due, resolve } = Promise.withResolvers<void>();
  const timer = until === undefined ? undefined : setTimeout(resolve, Math.max(1, until - Date.now()));
  try {
    await Promise.race([run.nextEvent(), due, ...(halted ? [halted] : [])]);
  } finally {
    clearTimeout(timer);
  }
};
