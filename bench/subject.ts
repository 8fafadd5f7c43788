/** What is measured: Countersign, or a bare Temporal workflow that takes the same steps. */

export interface Subject {
  readonly name: 'ours' | 'floor';
  /** Starts a run that asks for so many approvals, one after the other. */
  start(turns: number): Promise<SubjectRun>;
  /** Its workflow in Temporal. */
  workflowIdOf(runId: string): string;
}

/** All times are `performance.now()`, taken where the thing happens. */
export interface SubjectRun {
  readonly runId: string;
  /** Settles when the approval of this turn, from 1, is seen to be pending, with the time of that. */
  pending(turn: number): Promise<number>;
  /** Approves what is pending; settles when that is answered. */
  approve(): Promise<void>;
  /** When the tool of this turn was entered. */
  entered(turn: number): number;
  /** Settles when the run is seen to be completed. */
  readonly ended: Promise<void>;
}

/** Starts one run with one approval, approves it and waits for its end. */
export const completeOne = async (subject: Subject): Promise<void> => {
  const run = await subject.start(1);
  await run.pending(1);
  await run.approve();
  await run.ended;
};
