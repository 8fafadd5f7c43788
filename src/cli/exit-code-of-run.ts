import type { RunStatus } from '../domain/schemas/run.ts';
import { EXIT } from './exit-codes.ts';
import type { ExitCode } from './exit-codes.ts';

/** Of a run that was followed; undefined where following was interrupted. */
export function exitCodeOf(status: RunStatus | undefined): ExitCode {
  if (status === undefined) return EXIT.interrupted;
  return status === 'completed' ? EXIT.ok : EXIT.failed;
}
