/** State is set only where the rule says so, by a decision that wins alone, and at places that can be set. */
import type { StateEdit } from '../../contract/decisions.ts';
import { STATE_EDITS_MAX_BYTES } from '../../contract/decisions.ts';
import type { JsonValue } from '../../domain/arguments/json-value.ts';
import { decidesAlone } from '../../domain/core/quorum.ts';
import type { EditOutcome } from '../../domain/core/edit-outcome.ts';
import { isStatePathAllowed } from '../../domain/core/state-paths.ts';
import { applyStateEdits } from '../../domain/state/apply-state-edits.ts';
import type { Api } from '../dependencies.ts';
import { HttpProblem } from '../http-problem.ts';
import { runState } from '../runs/run-state.ts';
import type { DecisionInput } from './decision-input.ts';

const at = (index: number, detail: string) => ({ in: 'body', pointer: `/stateEdits/${index}/path`, detail });

/** Throws `state_edits_need_one_decider`, `state_path_not_allowed` or `invalid_state_path`; the approval stays open. */
export async function checkStateEdits(
  api: Api,
  { caller: { actor }, run, approval }: DecisionInput,
  edits: readonly StateEdit[],
  edited: EditOutcome | undefined,
): Promise<void> {
  if (!decidesAlone(approval, actor, run.requester) || edited === 'revision')
    throw new HttpProblem('state_edits_need_one_decider');
  if (Buffer.byteLength(JSON.stringify(edits)) > STATE_EDITS_MAX_BYTES)
    throw new HttpProblem('payload_too_large', { detail: `State edits have at most ${STATE_EDITS_MAX_BYTES} bytes.` });
  const applied = applyStateEdits(
    await runState(api.store, run),
    edits as readonly { path: string; value: JsonValue }[],
  );
  if (!applied.ok) {
    const errors = applied.faults.map(({ index, message }) => at(index, message));
    throw new HttpProblem('invalid_state_path', { extras: { errors } });
  }
  const patterns = approval.verdict.stateEditable ?? [];
  const others = edits.flatMap(({ path }, index) =>
    isStatePathAllowed(patterns, path) ? [] : [at(index, 'is not among `stateEditable`')],
  );
  if (others.length > 0) throw new HttpProblem('state_path_not_allowed', { extras: { errors: others } });
}
