/** A tool's progress as events: numbers only, a few of them, and never a reason for a call to fail or to wait. */
import { randomUUID } from 'node:crypto';
import type { RunToolInput } from '../domain/schemas/step.ts';
import { appendEvents } from '../store/events.ts';
import type { StepDependencies } from './dependencies.ts';

const EVERY_MS = 1_000;
/** A call that runs for hours tells no more. */
const MAX_EVENTS = 200;

type Tell = (progress: number, total?: number) => void;

export const createProgress = (
  { store, clock, logger }: Pick<StepDependencies, 'store' | 'clock' | 'logger'>,
  { run, toolCallId, tool }: RunToolInput,
  effectKey: string,
): Tell => {
  const { tenant, project, rootRunId, runId } = run;
  const origin = `progress:${effectKey}:${randomUUID()}`;
  let ordinal = 0;
  let lastAt = -Infinity;
  let isTelling = false;
  const append = async (data: { progress: number; total?: number }): Promise<void> => {
    const event = { type: 'tool.progress', at: await clock.nowMs(), data: { toolCallId, tool, ...data } } as const;
    await appendEvents(store, { tenant, project, rootRunId, runId, origin, events: [{ ordinal, event }] });
  };
  return (progress, total) => {
    const now = performance.now();
    if (isTelling || ordinal >= MAX_EVENTS || now - lastAt < EVERY_MS || !Number.isFinite(progress)) return;
    lastAt = now;
    ordinal += 1;
    isTelling = true;
    void append({ progress, ...(total !== undefined && Number.isFinite(total) && { total }) })
      .catch((error: unknown) => logger.warn({ runId, toolCallId, err: error }, 'tool.progress_lost'))
      .finally(() => {
        isTelling = false;
      });
  };
};
