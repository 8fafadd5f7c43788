import type { StreamClosedCode } from '../../contract/events.ts';
import { isStoreUnavailable } from '../../store/database.ts';

/** What a reader is told where their stream could not be read on. */
export const closedCodeOf = (error: unknown): StreamClosedCode =>
  isStoreUnavailable(error) ? 'store_unavailable' : 'internal_error';
