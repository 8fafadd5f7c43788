/** A tool or agent that is not defined well: its author's mistake, found when it is defined. Names the place. */
export class DefinitionError extends Error {
  override readonly name = 'DefinitionError';
  /** Each with the path to the fault, for example `tools.refund.input/order`. */
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(
      faults.length === 1
        ? (faults[0] ?? '')
        : `Not defined well:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`,
    );
    this.faults = faults;
  }
}
