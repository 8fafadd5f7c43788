/** One person's request to decide one approval. */
import type { DecideApproval } from '../../contract/decisions.ts';
import type { Caller } from '../dependencies.ts';
import type { FoundApproval } from './find-approval.ts';

export interface DecisionInput extends FoundApproval {
  readonly caller: Caller;
  readonly request: DecideApproval;
}
