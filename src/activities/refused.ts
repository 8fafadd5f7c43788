/** The gate says no: nothing ran. */
import type { ToolStepResult } from '../domain/schemas/step.ts';

export type Refused = Extract<ToolStepResult, { type: 'refused' }>;

export const refused = (code: string, message: string, then: Refused['then'] = 'park'): Refused => ({
  type: 'refused',
  code,
  message,
  then,
});
