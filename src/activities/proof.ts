/** Something lets a call run, for as long as it says. */
export interface Proof {
  readonly type: 'proof';
  /** Epoch milliseconds: consent has run out from then on. */
  readonly executeBy?: number;
}

export const PROVEN: Proof = { type: 'proof' };
