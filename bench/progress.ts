/** One line on standard error for each thing that is being measured. */
import { streamProgress } from '../src/platform/progress.ts';

/** For services and other waits of unknown length. */
export const progress = streamProgress(process.stderr);

export const say = (line: string): void => {
  process.stderr.write(`${(performance.now() / 1_000).toFixed(1).padStart(6)} s  ${line}\n`);
};
