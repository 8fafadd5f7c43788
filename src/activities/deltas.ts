/** Passes on what a model says and thinks while it comes. Readers see it at once; the message itself is what counts. */
import type { CallModelInput } from '../domain/schemas/step.ts';
import { appendDelta } from '../store/deltas.ts';
import type { DeltaPart } from '../store/deltas.ts';
import type { StepDependencies } from './dependencies.ts';

/** Text is gathered so long: one write and one notification for many tokens. */
const COALESCE_MS = 50;

export interface Deltas {
  add(part: DeltaPart, text: string): void;
  /** All of it so far. */
  soFar(part: DeltaPart): string;
  /** What has not been passed on by now need not be: the message's event carries the whole. */
  close(): Promise<void>;
}

export const openDeltas = (
  { store, clock, logger }: StepDependencies,
  { run, turn }: CallModelInput,
  attempt: number,
  /** Nobody is shown it. */
  isHidden = false,
): Deltas => {
  const { tenant, project, rootRunId, runId } = run;
  const parts = { reasoning: { text: '', passedOn: 0 }, text: { text: '', passedOn: 0 } };
  let timer: NodeJS.Timeout | undefined;
  let writing: Promise<void> = Promise.resolve();

  const write = async (part: DeltaPart): Promise<void> => {
    const known = parts[part];
    const offset = known.passedOn;
    const text = known.text.slice(offset);
    if (text === '') return;
    known.passedOn = known.text.length;
    try {
      const nowMs = await clock.nowMs();
      await appendDelta(store, { tenant, project, rootRunId, runId, turn, attempt, part, offset, text, nowMs });
    } catch {
      // A lost delta shows as a gap in offsets; readers then take the snapshot or the message.
      logger.warn({ runId, turn }, 'message.delta_failed');
    }
  };

  return {
    add(part, piece) {
      parts[part].text += piece;
      if (isHidden) return;
      timer ??= setTimeout(() => {
        timer = undefined;
        writing = writing.then(() => write('reasoning')).then(() => write('text'));
      }, COALESCE_MS);
    },
    soFar: (part) => parts[part].text,
    async close() {
      clearTimeout(timer);
      await writing;
    },
  };
};
