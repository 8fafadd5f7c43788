/** What the model is told of calls that did not run. Fixed texts: a person's own words follow from the blob store. */
export const DENIAL_TEXTS = {
  rejected: 'A person rejected this call. It did not run.',
  expired: 'Nobody decided this call in time. It did not run.',
  policy_denied: 'Policy denies this call. It did not run.',
} as const;

export const MODEL_TEXTS = {
  turn_limit: (limit: number): string => `The run reached its limit of ${limit} turns.`,
  contract_unmet: (paths: readonly string[]): string => `Required artifacts are missing: ${paths.join(', ')}`,
} as const;
