/** One clock serves bridge, gate and store. It is asked, never cached: under the time-skipping server it is the server's. */
export interface Clock {
  /** Milliseconds since 1970, UTC. */
  nowMs(): Promise<number>;
}

export const systemClock: Clock = { nowMs: async () => Date.now() };
