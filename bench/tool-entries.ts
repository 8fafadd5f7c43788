/** When the tool of each run was entered, as the tool itself noted it. */
export class ToolEntries {
  readonly #byRun = new Map<string, number[]>();

  note(runId: string): void {
    const now = performance.now();
    const entries = this.#byRun.get(runId);
    if (entries) entries.push(now);
    else this.#byRun.set(runId, [now]);
  }

  /** Throws where the tool was not entered so often. */
  at(runId: string, ordinal: number): number {
    const time = this.#byRun.get(runId)?.[ordinal - 1];
    if (time === undefined) throw new Error(`The tool of ${runId} was not entered ${ordinal} times.`);
    return time;
  }

  count(runId: string): number {
    return this.#byRun.get(runId)?.length ?? 0;
  }
}
