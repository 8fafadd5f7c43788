/** Passes on model text while it comes. Readers see it at once; the message itself is what counts. */
import type { CallModelInput } from '../domain/schemas/step.ts';
import { appendDelta } from '../store/deltas.ts';
import type { StepDependencies } from './dependencies.ts';

/** Text is gathered so long: one write and one notification for many tokens. */
const COALESCE_MS = 50;

export interface Deltas {
  add(text: string): void;
  /** All text so far. */
  text(): string;
  /** What has not been passed on by now need not be: the message's event carries the whole. */
  close(): Promise<void>;
}

export const openDeltas = (
  { store, clock, logger }: StepDependencies,
  { run, turn }: CallModelInput,
  attempt: number,
): Deltas => {
  const { tenant, project, rootRunId, runId } = run;
  let text = '';
  let passedOn = 0;
  let timer: NodeJS.Timeout | undefined;
  let writing: Promise<void> = Promise.resolve();

  const write = async (): Promise<void> => {
    const offset = passedOn;
    const piece = text.slice(offset);
    passedOn = text.length;
    try {
      const nowMs = await clock.nowMs();
      await appendDelta(store, { tenant, project, rootRunId, runId, turn, attempt, offset, text: piece, nowMs });
    } catch {
      // A lost delta shows as a gap in offsets; readers then take the snapshot or the message.
      logger.warn({ runId, turn }, 'message.delta_failed');
    }
  };

  return {
    add(piece) {
      text += piece;
      timer ??= setTimeout(() => {
        timer = undefined;
        writing = writing.then(write);
      }, COALESCE_MS);
    },
    text: () => text,
    async close() {
      clearTimeout(timer);
      await writing;
    },
  };
};
