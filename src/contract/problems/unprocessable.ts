/** 422: well formed, and yet not acceptable. */
import type { ProblemKind } from './problem-kind.ts';

export const UNPROCESSABLE = {
  unknown_agent: {
    status: 422,
    title: 'No such agent',
    detail: 'No agent of that name is registered in the project.',
    next: 'GET /v1/agents lists the agents.',
  },
  invalid_variables: {
    status: 422,
    title: 'The variables do not fit the agent',
    detail:
      'A variable that the agent needs has no value, or one has a value that the agent does not take; nothing was started.',
    next: 'Correct the variables listed under `errors`. GET /v1/agents says which ones an agent has.',
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
    detail: 'At least one rule is malformed, could never be satisfied, or contradicts itself.',
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
  text_refused: {
    status: 422,
    title: 'A guard does not let the text pass',
    detail: 'What was written holds something that this deployment does not hand on; nothing was changed.',
    next: 'Leave out what is named under `errors` and send the request again. Where it was a decision, the approval is still open.',
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
} as const satisfies Record<string, ProblemKind>;
