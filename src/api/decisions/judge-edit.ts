/** An edit replaces the arguments: they pass the checks that the model's own passed, and policy again. */
import type { DecideApproval } from '../../contract/decisions.ts';
import type { ProblemExtras } from '../../contract/problem.ts';
import { canonicalJson } from '../../domain/arguments/canonical-json.ts';
import type { JsonValue } from '../../domain/arguments/json-value.ts';
import { validateArguments } from '../../domain/arguments/validate-arguments.ts';
import { digestOfCall, judgeArguments } from '../../domain/consent/judge-call.ts';
import { isLimit } from '../../domain/consent/limit-request.ts';
import { rulesOf } from '../../domain/core/approver-rules.ts';
import { editOutcome } from '../../domain/core/edit-outcome.ts';
import type { EditOutcome } from '../../domain/core/edit-outcome.ts';
import type { EditedCall } from '../../domain/schemas/command.ts';
import { Budget } from '../../domain/schemas/agent.ts';
import type { ToolDefinition } from '../../domain/schemas/agent.ts';
import type { ApprovalRow } from '../../store/approvals.ts';
import { makeBlob, readBlobs } from '../../store/blobs.ts';
import type { NewBlob } from '../../store/blobs.ts';
import type { RunRow } from '../../store/run-rows.ts';
import type { Api } from '../dependencies.ts';
import { HttpProblem } from '../http-problem.ts';
import { callContext, checkerOf } from './pinned-call.ts';

export interface JudgedEdit {
  readonly edited: EditedCall;
  readonly outcome: Exclude<EditOutcome, 'denied'>;
  readonly blob: NewBlob;
}

type Errors = NonNullable<ProblemExtras['errors']>;

const invalid = (errors: Errors): HttpProblem => new HttpProblem('invalid_arguments', { extras: { errors } });
const whole = (detail: string): HttpProblem => invalid([{ in: 'body', pointer: '/arguments', detail }]);

/** Throws `invalid_arguments` or `policy_denied`; the approval stays open. */
export async function judgeEdit(
  api: Api,
  run: RunRow,
  approval: ApprovalRow,
  request: DecideApproval,
): Promise<JudgedEdit> {
  const context = await callContext(api, run, approval);
  if (!context) throw new HttpProblem('decision_not_allowed', { detail: 'The record of this call is incomplete.' });
  const value = validEdit(context.tool, request.arguments);
  const before = await readBlobs(api.store, run.tenant, [approval.argumentsRef.sha256]);
  const present = before.get(approval.argumentsRef.sha256);
  if (present !== undefined && canonicalJson(present) === canonicalJson(value))
    throw whole('are those of the call as it is: approve it instead');
  const verdict = judgeArguments(context, value);
  const outcome = editOutcome(approval.verdict, verdict, rulesOf(approval));
  if (outcome === 'denied') throw new HttpProblem('policy_denied', { detail: verdict.reason });
  const revision = outcome === 'revision' ? approval.revision + 1 : approval.revision;
  const blob = makeBlob(value);
  const digest = digestOfCall(context, { arguments: value, revision, verdict });
  const budget = isLimit(context.tool) ? Budget.parse(value) : undefined;
  return { edited: { argumentsRef: blob.ref, digest, verdict, ...(budget && { budget }) }, outcome, blob };
}

function validEdit(tool: ToolDefinition, given: unknown): JsonValue {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) throw whole('must be an object');
  const checker = checkerOf(tool);
  if (!checker) throw whole('cannot be checked here: the tool has a schema that only its worker can read');
  // The body was read by the strict parser: it holds nothing but JSON.
  const checked = validateArguments(checker, given as JsonValue);
  if (checked.ok) return checked.value;
  throw invalid(
    checked.faults.map(({ path, message }) => ({ in: 'body', pointer: `/arguments${path}`, detail: message })),
  );
}
