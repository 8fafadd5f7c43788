/** One way in which the API says no. */
export interface ProblemKind {
  readonly status: number;
  readonly title: string;
  /** What happened, where the answer has nothing more precise to say. */
  readonly detail: string;
  /** What to do next. */
  readonly next: string;
}
