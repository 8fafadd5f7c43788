/** An answer in place of a tool's result: text or JSON that says something, and what a question asks for. */
import type { z } from 'zod';
import type { DecideApproval } from '../../contract/decisions.ts';
import { RESPONSE_MAX_BYTES } from '../../contract/decisions.ts';
import type { ProblemExtras } from '../../contract/problem.ts';
import { answerChecker } from '../../domain/arguments/answer-schema.ts';
import type { JsonValue } from '../../domain/arguments/json-value.ts';
import { validateArguments } from '../../domain/arguments/validate-arguments.ts';
import type { ApprovalRow } from '../../store/approvals.ts';
import { readBlobs } from '../../store/blobs.ts';
import type { Api } from '../dependencies.ts';
import { HttpProblem } from '../http-problem.ts';
import { questionIn } from './question.ts';

type Errors = NonNullable<ProblemExtras['errors']>;

const invalid = (errors: Errors): HttpProblem => new HttpProblem('invalid_response', { extras: { errors } });
const whole = (detail: string): HttpProblem => invalid([{ in: 'body', pointer: '/response', detail }]);

/** Nothing but emptiness: blank text, null, or no more than brackets. */
const isEmpty = (value: JsonValue): boolean => {
  if (typeof value === 'string') return value.trim() === '';
  return value === null || (typeof value === 'object' && Object.keys(value).length === 0);
};

/** The answer as the model gets it. Throws `invalid_response`; the approval stays open. */
export async function checkResponse(api: Api, approval: ApprovalRow, request: DecideApproval): Promise<JsonValue> {
  const value = request.response as JsonValue;
  if (Buffer.byteLength(JSON.stringify(value)) > RESPONSE_MAX_BYTES)
    throw whole(`must be at most ${RESPONSE_MAX_BYTES} bytes`);
  const question = approval.kind === 'question' ? await questionOf(api, approval) : undefined;
  if (question?.schema) {
    const checker = answerChecker(question.schema);
    if (checker) return checkedBy(checker, value);
  }
  if (isEmpty(value)) throw whole('must not be blank');
  if (!question && typeof value !== 'string' && typeof value !== 'object') throw whole('must be text or an object');
  if (question?.options && !question.options.includes(value as string))
    throw whole(`must be one of the ${question.options.length} options of the question`);
  return value;
}

function checkedBy(checker: z.ZodType, value: JsonValue): JsonValue {
  if (typeof value === 'string' && isEmpty(value)) throw whole('must not be blank');
  const checked = validateArguments(checker, value);
  if (checked.ok) return checked.value;
  throw invalid(
    checked.faults.map(({ path, message }) => ({ in: 'body', pointer: `/response${path}`, detail: message })),
  );
}

async function questionOf(api: Api, { tenant, argumentsRef }: ApprovalRow) {
  const contents = await readBlobs(api.store, tenant, [argumentsRef.sha256]);
  return questionIn(contents.get(argumentsRef.sha256));
}
