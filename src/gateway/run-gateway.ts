/** What the bridge needs of Temporal. The only users of the Temporal client live in this folder. */
import type { WorkflowAddress } from '../domain/core/ids.ts';
import type { Scope } from '../domain/schemas/names.ts';
import type { RunLimits } from '../domain/schemas/agent.ts';
import type { SignedCommand } from '../domain/schemas/command.ts';
import type { CommandName, VerdictView } from '../workflows/messages.ts';
import type { Fleet } from './deployments/read-fleet.ts';

export type { CommandName, VerdictView };

/** `run_over`: the workflow ended. `unknown_run`: Temporal has no such workflow (not started yet, or past retention). */
export type Delivery = 'accepted' | 'run_over' | 'unknown_run';

export interface RunStart {
  readonly address: WorkflowAddress;
  readonly agent: string;
  readonly start: SignedCommand;
  /** The pinned definition's limits. */
  readonly limits: RunLimits;
}

export interface RunGateway {
  /** Idempotent: a run that is started or ended already is left as it is. */
  startRun(run: RunStart): Promise<void>;
  /** Puts a signed command into the run's durable mailbox; works with every worker down. */
  command(address: WorkflowAddress, name: CommandName, signed: SignedCommand): Promise<Delivery>;
  /** The ledger knows by now how a parked call ended: the run asks the gate once more. Unsigned; harmless to repeat. */
  recheck(address: WorkflowAddress, toolCallId: string): Promise<Delivery>;
  /** Asks the workflow what became of a decision; undefined where no worker answered in time. */
  verdict(address: WorkflowAddress, approvalId: string, decisionId: string): Promise<VerdictView | undefined>;
  /** Who serves the task queue, and which runs of the project nobody carries on. */
  fleet(scope: Scope): Promise<Fleet>;
  isHealthy(): Promise<boolean>;
}

/** What Temporal knows of a run's workflow. `over` gives the status that Temporal closed it with. */
export type WorkflowFate =
  | { readonly type: 'running' }
  | { readonly type: 'missing' }
  | { readonly type: 'over'; readonly as: 'completed' | 'failed' | 'terminated' | 'timed_out' | 'cancelled' };

/** For the reconciler, which compares rows with Temporal. */
export interface RunInspector {
  fate(address: WorkflowAddress): Promise<WorkflowFate>;
}
