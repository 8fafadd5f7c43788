/** What the gate proves with. */
import type { CurrentPolicies } from './current-policy.ts';
import type { StepDependencies } from './dependencies.ts';
import type { PinnedRuns } from './pinned-run.ts';

export interface Prover {
  readonly dependencies: StepDependencies;
  readonly policies: CurrentPolicies;
  readonly pinnedRuns: PinnedRuns;
}
