/** The times at which something happened, first, second and so on, for whoever waits for one of them. */
export class Arrivals {
  readonly #times: number[] = [];
  readonly #waiting = new Map<number, PromiseWithResolvers<number>>();
  #failure: Error | undefined;

  arrive(): void {
    const now = performance.now();
    this.#times.push(now);
    this.#waiting.get(this.#times.length)?.resolve(now);
    this.#waiting.delete(this.#times.length);
  }

  /** Nothing more will come. */
  fail(error: Error): void {
    this.#failure ??= error;
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }

  at(ordinal: number): Promise<number> {
    const time = this.#times[ordinal - 1];
    if (time !== undefined) return Promise.resolve(time);
    if (this.#failure) return Promise.reject(this.#failure);
    const waiting = this.#waiting.get(ordinal) ?? Promise.withResolvers<number>();
    this.#waiting.set(ordinal, waiting);
    return waiting.promise;
  }
}
