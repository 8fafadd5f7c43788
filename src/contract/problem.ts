/** Every way in which the API says no: one table. Codes are stable; pages in docs/errors explain each of them. */
import { z } from 'zod';
import { DecisionKind } from '../domain/schemas/approval.ts';
import { Digest } from '../domain/schemas/names.ts';
import { RunStatus } from '../domain/schemas/run.ts';

interface ProblemKind {
  readonly status: number;
  readonly title: string;
  /** What happened, where the answer has nothing more precise to say. */
  readonly detail: string;
  /** What to do next. */
  readonly next: string;
}

export const PROBLEMS = {
  invalid_request: {
    status: 400,
    title: 'The request does not fit the contract',
    detail: 'At least one field, parameter or header is missing, unknown or of the wrong form.',
    next: 'Correct the places listed under `errors`; /openapi.json has the contract.',
  },
  malformed_json: {
    status: 400,
    title: 'The body is not acceptable JSON',
    detail: 'The body could not be read as JSON that means the same to every reader.',
    next: 'Send well-formed UTF-8 JSON without duplicate keys, NUL characters or numbers beyond double precision.',
  },
  malformed_request: {
    status: 400,
    title: 'The request is not well-formed HTTP',
    detail: 'The request line or a header could not be read.',
    next: 'Correct the request; percent-encode the path.',
  },
  invalid_cursor: {
    status: 400,
    title: 'The cursor is not one of ours',
    detail: 'The cursor was not made by this list, or its filters have changed.',
    next: 'Start again without `cursor`, and pass each `nextCursor` on unchanged.',
  },
  after_beyond_end: {
    status: 400,
    title: 'The event number lies beyond the end',
    detail: 'No event with that number has happened yet.',
    next: 'Ask for the run: its `eventSeq` is the highest number there is.',
  },
  digest_required: {
    status: 400,
    title: 'An approval needs the digest of what was shown',
    detail: 'Without the digest nobody can tell which call was approved.',
    next: 'Show the approval to the person who decides and send its `digest` with the decision.',
  },
  unauthenticated: {
    status: 401,
    title: 'Who are you?',
    detail: 'The request has no valid credential.',
    next: 'Send `Authorization: Bearer <api key>` with a key that is neither revoked nor expired.',
  },
  forbidden: {
    status: 403,
    title: 'Your roles do not allow this',
    detail: 'None of the roles of this credential includes the action.',
    next: 'Use a credential with a role that includes it, or ask an administrator.',
  },
  project_not_allowed: {
    status: 403,
    title: 'Not a project of this credential',
    detail: 'The credential is not bound to the project that the request names.',
    next: 'Leave out the header Countersign-Project or name a project of this credential.',
  },
  not_an_approver: {
    status: 403,
    title: 'The rule names other approvers',
    detail: 'The policy rule that asks for consent does not count you among the approvers.',
    next: 'Ask one of the approvers named by the approval under `approverRules`.',
  },
  self_approval: {
    status: 403,
    title: 'Not for your own run',
    detail: 'The policy rule wants the consent of somebody other than the requester.',
    next: 'Ask another approver.',
  },
  service_cannot_decide: {
    status: 403,
    title: 'Only people decide',
    detail: 'The credential belongs to a service; consent is given by a person.',
    next: "Decide with a person's credential.",
  },
  channel_not_allowed: {
    status: 403,
    title: 'Not by this way',
    detail: 'The policy rule does not let this be decided by the way the decision came in.',
    next: 'Decide by one of the ways that the approval lists under `channels`.',
  },
  route_not_found: {
    status: 404,
    title: 'No such route',
    detail: 'Nothing is served under this path.',
    next: '/openapi.json lists every route.',
  },
  run_not_found: {
    status: 404,
    title: 'No such run',
    detail: 'There is no such run, or it is not yours to see.',
    next: 'Check the id and the project of your credential.',
  },
  approval_not_found: {
    status: 404,
    title: 'No such approval',
    detail: 'There is no such approval, or it is not yours to see.',
    next: 'List the approvals of the run.',
  },
  decision_not_found: {
    status: 404,
    title: 'No such decision',
    detail: 'No decision with this id is known.',
    next: 'Send the decision again, with the same Idempotency-Key if you used one.',
  },
  artifact_not_found: {
    status: 404,
    title: 'No such artifact',
    detail: "The run's workspace has no such file.",
    next: 'List the artifacts of the run.',
  },
  brake_not_found: {
    status: 404,
    title: 'No such brake',
    detail: 'There is no such brake, or it is not one of your project.',
    next: 'List the brakes.',
  },
  bypass_not_found: {
    status: 404,
    title: 'No such bypass',
    detail: 'The brake has no such bypass.',
    next: 'Ask for the brake: it lists its bypasses.',
  },
  grant_not_found: {
    status: 404,
    title: 'No such grant',
    detail: 'There is no such grant, or it is not yours to see.',
    next: 'List the grants.',
  },
  delegation_not_found: {
    status: 404,
    title: 'No such delegation',
    detail: 'There is no such delegation, or it is not yours to see.',
    next: 'List the delegations.',
  },
  method_not_allowed: {
    status: 405,
    title: 'Not with this method',
    detail: 'The path is served, but not with this method.',
    next: 'Use one of the methods named in the header Allow.',
  },
  already_decided: {
    status: 409,
    title: 'Somebody has decided already',
    detail: 'Another decision came first; `winner` says which.',
    next: 'Nothing: the first valid decision stands.',
  },
  already_voted: {
    status: 409,
    title: 'You have voted already',
    detail: 'You voted otherwise on this revision before; one person has one vote.',
    next: 'Nothing: your vote stands. Others must agree.',
  },
  claimed: {
    status: 409,
    title: 'Somebody else is looking at it',
    detail: 'Another person has claimed the approval; `claim` says who, and until when.',
    next: 'Wait until the claim ends, ask the person, or decide with `force` as an operator.',
  },
  digest_mismatch: {
    status: 409,
    title: 'This is not what would run',
    detail: 'The digest sent is not the one of the pending call; nothing was decided.',
    next: 'Load the approval again, look at what it asks for now, and decide with its current digest.',
  },
  superseded: {
    status: 409,
    title: 'A newer revision took its place',
    detail: 'The request for consent was replaced; nothing was decided.',
    next: 'Load the approvals of the run and decide the current one.',
  },
  decision_refused: {
    status: 409,
    title: 'The run refused the decision',
    detail: 'The run did not accept the decision in its present state.',
    next: 'Load the approval again and decide anew if it is still pending.',
  },
  command_refused: {
    status: 409,
    title: 'The run refused the command',
    detail: 'The run did not follow the command in its present state.',
    next: 'Load the run again, and send a new command if it is still wanted.',
  },
  not_blocked: {
    status: 409,
    title: 'The run is not blocked',
    detail: 'Nobody has blocked the run; there is nothing to unblock.',
    next: 'Load the run: `attentions` says what it needs, if anything.',
  },
  not_parked: {
    status: 409,
    title: 'The call is not parked',
    detail: 'The call does not wait for an operator; nothing was changed.',
    next: 'Load the run: `attentions` lists the calls that are parked.',
  },
  effect_settled: {
    status: 409,
    title: 'The attempt has reported meanwhile',
    detail: 'The ledger knows how the call ended; nothing is left to say about it.',
    next: 'Load the run in a moment: it goes on with what really happened.',
  },
  attempt_changed: {
    status: 409,
    title: 'Not the attempt you were shown',
    detail: 'The call has been tried again, or changed, since it was shown; nothing was resolved.',
    next: 'Load the run again, look at the parked call, and resolve it with its current `epoch` and `digest`.',
  },
  brake_released: {
    status: 409,
    title: 'The brake is released',
    detail: 'The brake is off; there is nothing to bypass.',
    next: 'Nothing: calls go on.',
  },
  conversation_busy: {
    status: 409,
    title: 'The conversation has an unfinished run',
    detail: 'At most one run of a conversation is unfinished; `runId` names it.',
    next: 'Wait for that run, cancel it, or use another conversation.',
  },
  expired: {
    status: 410,
    title: 'Nobody decided in time',
    detail: 'The deadline of the approval has passed; the call will not run.',
    next: 'Start the run again if the call is still wanted.',
  },
  withdrawn: {
    status: 410,
    title: 'The request was withdrawn',
    detail: 'The run no longer asks for this consent; the call will not run.',
    next: 'Nothing. The run says why.',
  },
  run_over: {
    status: 410,
    title: 'The run is over',
    detail: 'The run has ended; nothing of it can be decided or changed any more.',
    next: 'Start a new run.',
  },
  payload_too_large: {
    status: 413,
    title: 'The body is too large',
    detail: 'The body is larger than this route accepts.',
    next: 'Send a smaller body.',
  },
  unsupported_media_type: {
    status: 415,
    title: 'Not a media type this route reads',
    detail: 'Bodies are JSON.',
    next: 'Send the body as `Content-Type: application/json`.',
  },
  host_not_allowed: {
    status: 421,
    title: 'Not the host this server answers for',
    detail: 'This server only answers on its loopback names.',
    next: 'Use http://127.0.0.1 or http://localhost with the port of the server.',
  },
  unknown_agent: {
    status: 422,
    title: 'No such agent',
    detail: 'No agent of that name is registered in the project.',
    next: 'GET /v1/agents lists the agents.',
  },
  unknown_tool: {
    status: 422,
    title: 'No such tool',
    detail: 'The agent has no tool of that name.',
    next: 'GET /v1/agents lists the agents with their tools.',
  },
  invalid_constraints: {
    status: 422,
    title: 'The constraints are not valid',
    detail: 'A condition on an argument is malformed, or names no place; nothing was granted.',
    next: 'Correct the places listed under `errors`.',
  },
  invalid_policy: {
    status: 422,
    title: 'The policy has faults',
    detail: 'At least one rule is not one, could never be satisfied, or contradicts itself.',
    next: 'Correct the places listed under `errors`; nothing was changed.',
  },
  invalid_period: {
    status: 422,
    title: 'Not a period this can have',
    detail: 'The end lies in the past, or too far ahead.',
    next: 'Choose an end within what the route allows.',
  },
  invalid_delegation: {
    status: 422,
    title: 'This cannot be delegated so',
    detail: 'Nobody stands in for themselves, and nobody hands on groups that are not theirs.',
    next: 'Name another person, and only groups of your own.',
  },
  idempotency_mismatch: {
    status: 422,
    title: 'The Idempotency-Key was used for another request',
    detail: 'The same key came with another body before.',
    next: 'Use a new key for a new request; repeat a request unchanged.',
  },
  reason_required: {
    status: 422,
    title: 'The rule wants a reason',
    detail: 'The policy rule that asks for consent accepts no decision without a reason.',
    next: 'Send the decision again with `reason`. The approval is still open.',
  },
  decision_not_allowed: {
    status: 422,
    title: 'Not one of the allowed decisions',
    detail: 'The policy rule does not allow this decision.',
    next: 'Choose one of `allowedDecisions`. The approval is still open.',
  },
  invalid_arguments: {
    status: 422,
    title: 'The edited arguments are not valid',
    detail: 'The arguments do not pass the input schema of the tool; nothing was decided.',
    next: 'Correct the places listed under `errors` and send the whole arguments again. The approval is still open.',
  },
  policy_denied: {
    status: 422,
    title: 'Policy denies the edited call',
    detail: 'A policy rule forbids the call as edited; nothing was decided.',
    next: 'Edit otherwise, reject the call, or request changes. The approval is still open.',
  },
  invalid_response: {
    status: 422,
    title: 'The answer does not fit',
    detail: 'The answer is empty or does not fit what was asked; nothing was decided.',
    next: 'Correct the places listed under `errors` and answer again. The approval is still open.',
  },
  state_path_not_allowed: {
    status: 422,
    title: 'This part of the state cannot be set here',
    detail: 'The approval does not list the path among those that a decision may set; nothing was decided.',
    next: 'Set only paths under `stateEditable`. The approval is still open.',
  },
  invalid_state_path: {
    status: 422,
    title: 'The state has no such place',
    detail:
      'A path is empty, malformed, or leads through a value that is neither object nor array; nothing was decided.',
    next: 'Correct the paths listed under `errors`. The approval is still open.',
  },
  state_edits_need_one_decider: {
    status: 422,
    title: 'Several people must agree to this',
    detail: 'State can be set only by a decision that closes the approval alone; nothing was decided.',
    next: 'Decide without `stateEdits`. The approval is still open.',
  },
  not_grantable: {
    status: 422,
    title: 'This cannot be remembered',
    detail: 'The rule does not let this decision be remembered, or not that far; nothing was decided.',
    next: 'Stay within `grantable` of the approval, or leave out `remember`. The approval is still open.',
  },
  deadline_not_allowed: {
    status: 422,
    title: 'Not a deadline this approval can have',
    detail: 'The new deadline is not later than the present one, or more than 30 days after the request.',
    next: 'Choose a later time within 30 days of `requestedAt`.',
  },
  resolution_not_allowed: {
    status: 422,
    title: 'Not a way this call can go on',
    detail: 'The parked call cannot be resolved like that; nothing was changed.',
    next: 'Choose one of `resolutions` of the parked call.',
  },
  too_many_streams: {
    status: 429,
    title: 'Too many open streams',
    detail: 'This principal has as many event streams open as one may have here.',
    next: 'Close streams that are no longer read.',
  },
  headers_too_large: {
    status: 431,
    title: 'The headers are too large',
    detail: 'The request has more header bytes than this server reads.',
    next: 'Send fewer or shorter headers.',
  },
  internal_error: {
    status: 500,
    title: 'Something went wrong on our side',
    detail: 'The server met a condition that it did not expect.',
    next: 'Try again; if it stays, give the `requestId` to whoever runs this server.',
  },
  temporal_unavailable: {
    status: 503,
    title: 'Temporal cannot be reached',
    detail: 'The workflow service did not accept the request in time.',
    next: 'Repeat the request after Retry-After, with the same Idempotency-Key.',
  },
  store_unavailable: {
    status: 503,
    title: 'The database cannot be reached',
    detail: 'The store did not answer in time.',
    next: 'Repeat the request after Retry-After, with the same Idempotency-Key.',
  },
  shutting_down: {
    status: 503,
    title: 'This server is shutting down',
    detail: 'No new requests are accepted.',
    next: 'Repeat the request after Retry-After.',
  },
} as const satisfies Record<string, ProblemKind>;

export type ProblemCode = keyof typeof PROBLEMS;

export const isProblemCode = (code: string): code is ProblemCode => Object.hasOwn(PROBLEMS, code);

/** Where the page about a code is served, and what `type` links to. */
export const problemType = (code: string): string => `/docs/errors/${code}`;

/** An RFC 9457 problem. `code` is what programs branch on; more fields and codes may be added. */
export const Problem = z
  .object({
    type: z.string().meta({ description: 'Page about the code, relative to the API', example: '/docs/errors/expired' }),
    title: z.string(),
    status: z.number().int(),
    detail: z.string(),
    code: z.string().meta({ description: 'Stable', example: 'expired' }),
    next: z.string().meta({ description: 'What to do' }),
    requestId: z.string().meta({ description: 'Names the request in the logs of the server' }),
    errors: z
      .array(z.object({ in: z.string(), pointer: z.string(), detail: z.string() }))
      .optional()
      .meta({ description: 'What is wrong where' }),
    winner: z
      .object({ decisionId: z.string(), decision: DecisionKind, principal: z.string() })
      .optional()
      .meta({ description: 'already_decided, already_voted: the decision that stands' }),
    claim: z
      .object({ by: z.string(), until: z.string() })
      .optional()
      .meta({ description: 'claimed: who is looking at it' }),
    currentStatus: z.string().optional(),
    currentRevision: z.number().int().optional(),
    currentDigest: Digest.optional().meta({ description: 'digest_mismatch, superseded: of what is pending now' }),
    runStatus: RunStatus.optional(),
    runId: z.string().optional(),
    eventSeq: z.number().int().optional(),
  })
  .meta({ id: 'Problem' });
export type Problem = z.infer<typeof Problem>;

/** Fields of a problem that only some codes have. */
export type ProblemExtras = Partial<
  Pick<
    Problem,
    | 'errors'
    | 'winner'
    | 'claim'
    | 'currentStatus'
    | 'currentRevision'
    | 'currentDigest'
    | 'runStatus'
    | 'runId'
    | 'eventSeq'
  >
>;
