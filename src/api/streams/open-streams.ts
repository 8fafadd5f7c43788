/** The event streams this replica has open: counted by principal, ended together when the server closes. */
import { HttpProblem } from '../http-problem.ts';

export class OpenStreams {
  readonly #byPrincipal = new Map<string, Set<() => void>>();
  readonly #maxPerPrincipal: number;

  constructor(maxPerPrincipal: number) {
    this.#maxPerPrincipal = maxPerPrincipal;
  }

  /** Refuses one stream too many; ask before anything is created or sent. */
  assertRoom(principal: string): void {
    if ((this.#byPrincipal.get(principal)?.size ?? 0) >= this.#maxPerPrincipal) {
      throw new HttpProblem('too_many_streams');
    }
  }

  /** Returns what to call when the stream has ended. */
  add(principal: string, close: () => void): () => void {
    const streams = this.#byPrincipal.get(principal) ?? new Set();
    this.#byPrincipal.set(principal, streams.add(close));
    return () => {
      streams.delete(close);
      if (streams.size === 0) this.#byPrincipal.delete(principal);
    };
  }

  closeAll(): void {
    for (const streams of this.#byPrincipal.values()) for (const close of [...streams]) close();
  }
}
