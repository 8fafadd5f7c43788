/** How a driver has the run's steps performed: as activities of a workflow, or by calls in its own process. */
import type { CoreCommand } from '../domain/core/decide.ts';
import type { ReadyCall } from '../domain/core/state.ts';
import type {
  CallModelInput,
  CallModelOutput,
  CreatedSubRun,
  FlushInput,
  FlushOutput,
  RideAlong,
  RunToolInput,
  RunToolOutput,
  SettleSubRunInput,
  SettledToolOutput,
} from '../domain/schemas/step.ts';

export interface StepTerms {
  /** For people who look at the run in Temporal. */
  readonly summary: string;
  /** Absent: the usual time of a tool. */
  readonly timeoutMs?: number | undefined;
}

/** Calls that other agents carry out, in runs of their own. */
export interface SubRuns {
  /** Until the sub-run has ended, however it ended: gives what it came to. */
  follow(
    call: ReadyCall,
    created: CreatedSubRun,
    dispatch: () => Omit<SettleSubRunInput, 'subRun'>,
  ): Promise<CoreCommand>;
  /** Tells all that are out that this run is blocked. */
  block(): void;
}

export interface StepPort {
  callModel(input: CallModelInput, terms: StepTerms): Promise<CallModelOutput>;
  runTool(input: RunToolInput, terms: StepTerms): Promise<RunToolOutput>;
  /** What the ledger has of a dispatch that was stopped or broke. Never stopped itself. */
  readOutcome(input: RunToolInput): Promise<SettledToolOutput>;
  /** Tried until the events are stored; asked again what they are with each try. */
  flush(input: () => FlushInput): Promise<FlushOutput>;
  /** Which of the driver's tasks tells the events, where it may lose one and do it again. */
  task(): Pick<RideAlong, 'task'>;
  readonly subRuns: SubRuns;
  /** Begins work that `stop` reaches. */
  launch<T>(work: () => Promise<T>, settled: (result: T) => void): void;
  stop(): void;
  /** What a step that threw says: retrying cannot mend it, or it was stopped (`step_stopped`). */
  failureOf(error: unknown): { readonly code: string; readonly message: string };
}
