import { ToolError } from './tool.ts';

/**
 * Thrown where nobody can tell whether what the tool had begun took effect: the line was cut after the request was sent.
 * Of a tool of effect `once` a person then says how it goes on; of others it is a failure like any other.
 */
export class OutcomeUnknownError extends ToolError {
  override readonly name = 'OutcomeUnknownError';
}
