/** What the model is told of calls that did not run. Fixed texts: a person's own words follow from the blob store. */
export const DENIAL_TEXTS = {
  rejected: 'A person rejected this call. It did not run.',
  changes_requested: 'A person wants this call changed. It did not run. Call the tool again with what they ask for.',
  expired: 'Nobody decided this call in time. It did not run.',
  policy_denied: 'Policy denies this call. It did not run.',
  already_rejected: 'A person rejected this very call before. It did not run.',
  too_many_pending: 'Too many calls wait for consent already. This one did not run.',
  batch_denied: 'Another call that this one belongs with was refused. It did not run.',
  run_failing: 'The run is ending. This call did not run.',
  classic_cannot_ask:
    'This call needs the consent of a person. This agent runs in classic mode, where the run ends with its request and ' +
    'nobody can be asked. It did not run.',
} as const;

export const MODEL_TEXTS = {
  turn_limit: (limit: number): string => `The run reached its limit of ${limit} turns.`,
  budget_exceeded: (name: string, turn: number): string =>
    `The run used up its budget (${name}) in turn ${turn}, and was not given more.`,
  budget_reached_in_classic: (name: string): string =>
    `The run used up its budget (${name}), and in classic mode nobody can be asked for more.`,
  output_invalid: "The model's answer does not fit the output that the agent promises.",
  contract_unmet: (paths: readonly string[]): string => `Required artifacts are missing: ${paths.join(', ')}`,
} as const;

/** What people are told of a run that needs them. */
export const ATTENTION_TEXTS = {
  blocked: 'Somebody blocked the run.',
  blocked_above: 'The run above this one is blocked.',
  blocked_by_agent: 'The agent blocked its own run.',
  too_many_rejections: (tool: string, times: number): string => `Calls of ${tool} were rejected ${times} times.`,
  approval_expired: (tool: string): string => `Nobody decided a call of ${tool} in time.`,
  outcome_unknown: (tool: string, effectKey: string): string =>
    `Nobody knows whether ${tool} took effect (${effectKey}).`,
} as const;
