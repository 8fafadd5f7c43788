/** The gate says no: nothing ran. */
import type { Verdict } from '../domain/schemas/approval.ts';
import type { BlobRef } from '../domain/schemas/names.ts';
import type { ToolStepResult } from '../domain/schemas/step.ts';

export type Refused = Extract<ToolStepResult, { type: 'refused' }>;

export const refused = (
  code: string,
  message: string,
  then: Refused['then'] = 'park',
  detailRef?: BlobRef,
): Refused => ({ type: 'refused', code, message, then, ...(detailRef && { detailRef }) });

/** The recorded consent does not hold for this call: it is asked for again. */
export const voided = (code: string): Refused =>
  refused(code, 'The recorded consent does not hold for this call.', 'void_consent');

/** People are asked under another verdict, as the next revision. */
export const askedAgain = (
  code: string,
  message: string,
  asked: { readonly verdict: Verdict; readonly digest: string; readonly revision: number },
): Refused => ({ type: 'refused', code, message, then: 'ask', asked });

/** What a run that works as it should can be refused for; any other refusal means that somebody has forged something. */
const HONEST = new Set([
  'approval_expired',
  'arguments_changed',
  'content_missing',
  'credential_missing',
  'credential_unusable',
  'effect_key_reused',
  'execution_expired',
  'grant_unusable',
  'not_executable',
  'policy_changed',
  'policy_denied',
  'policy_unreadable',
  'run_cancelled',
  'run_ended',
  'run_over',
  'run_replaced',
  'tool_drifted',
]);

export const isSuspicious = ({ code }: Refused): boolean => !HONEST.has(code);
