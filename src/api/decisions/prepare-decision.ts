/** Makes of a request what the run gets: references and digests, with the words in blobs. Changes nothing yet. */
import type { JsonValue } from '../../domain/arguments/json-value.ts';
import type { DecideCommand } from '../../domain/schemas/command.ts';
import { makeBlob } from '../../store/blobs.ts';
import type { NewBlob } from '../../store/blobs.ts';
import type { GrantRow } from '../../store/grants.ts';
import type { Api } from '../dependencies.ts';
import { checkResponse } from './check-response.ts';
import { checkStateEdits } from './check-state-edits.ts';
import type { GivenDecision } from './decision-fate.ts';
import { judgeEdit } from './judge-edit.ts';
import type { DecisionInput } from './decision-input.ts';
import type { JudgedEdit } from './judge-edit.ts';
import { planGrant } from './plan-grant.ts';

export interface PreparedDecision {
  readonly command: DecideCommand;
  readonly blobs: readonly NewBlob[];
  /** Its words or values reach the model or the run's state. */
  readonly contributes: boolean;
  /** To be proposed before the decision is sent. */
  readonly grant: { readonly row: GrantRow; readonly blobs: readonly NewBlob[] } | undefined;
}

/** Throws the problem where an edit, an answer or what goes with it is not acceptable; the approval stays open. */
export async function prepareDecision(
  api: Api,
  input: DecisionInput,
  given: GivenDecision,
  nowMs: number,
): Promise<PreparedDecision> {
  const { run, approval, request } = input;
  const { decision, digest } = request;
  const blobs: NewBlob[] = [];
  const keep = (value: JsonValue) => {
    const blob = makeBlob(value);
    blobs.push(blob);
    return blob.ref;
  };
  const edit: JudgedEdit | undefined = decision === 'edit' ? await judgeEdit(api, run, approval, request) : undefined;
  if (edit) blobs.push(edit.blob);
  const response = decision === 'respond' ? await checkResponse(api, approval, request) : undefined;
  if (request.stateEdits) await checkStateEdits(api, input, request.stateEdits, edit?.outcome);
  const grant = request.remember && (await planGrant(api, input, request.remember, given, nowMs));
  const command: DecideCommand = {
    type: 'decide',
    runId: run.runId,
    approvalId: approval.approvalId,
    revision: approval.revision,
    decisionId: given.decisionId,
    decision,
    ...(digest === undefined ? {} : { digest }),
    ...(request.reason === undefined ? {} : { reasonRef: keep({ text: request.reason }) }),
    ...(edit && { edited: edit.edited }),
    ...(response === undefined ? {} : { responseRef: keep({ result: response }) }),
    ...(request.stateEdits && {
      stateEdits: {
        ref: keep(request.stateEdits as JsonValue),
        paths: request.stateEdits.map(({ path }) => path),
      },
    }),
    ...(grant && { grantId: grant.row.grantId }),
  };
  const reachesModel = decision !== 'approve' && command.reasonRef !== undefined;
  const contributes = reachesModel || [edit, response, request.stateEdits].some((words) => words !== undefined);
  return { command, blobs, contributes, grant };
}
