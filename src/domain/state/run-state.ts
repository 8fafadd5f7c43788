/** The run's state: what it was started with, and what winning decisions have set since, in the order of their events. */
import type { JsonValue } from '../arguments/json-value.ts';
import { StateEditsContent } from '../schemas/content.ts';
import type { RunEvent } from '../schemas/event.ts';
import type { BlobRef } from '../schemas/names.ts';
import { applyStateEdits } from './apply-state-edits.ts';

export type RunStateValue = Readonly<Record<string, JsonValue>>;

/** What a decision has set in the run's state. */
export interface DecidedEdits {
  readonly decisionId: string;
  /** Of a {@link StateEditsContent}. */
  readonly ref: BlobRef;
}

/** What stands after one more event of the run. */
export function editsAfter(edits: readonly DecidedEdits[], event: RunEvent): readonly DecidedEdits[] {
  if (event.type === 'approval.decided' && event.data.stateEditsRef)
    return [...edits, { decisionId: event.data.decisionId, ref: event.data.stateEditsRef }];
  // The gate found the decision invalid: what it set goes with it.
  if (event.type === 'decision.refused' && event.data.voided)
    return edits.filter(({ decisionId }) => decisionId !== event.data.decisionId);
  return edits;
}

const isObject = (value: JsonValue | undefined): value is RunStateValue =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Undefined where part of the content is missing: it has been erased. */
export function stateFrom(start: JsonValue | undefined, edits: readonly unknown[]): RunStateValue | undefined {
  if (!isObject(start)) return undefined;
  let state = start;
  for (const edit of edits) {
    const content = StateEditsContent.safeParse(edit);
    if (!content.success) return undefined;
    const applied = applyStateEdits(state, content.data);
    // Two decisions may have been right each by itself: what no longer fits changes nothing, for tools as for people.
    if (applied.ok && isObject(applied.state)) state = applied.state;
  }
  return state;
}
