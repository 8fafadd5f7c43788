/** The event streams this replica has open: counted by principal, and closed from outside by whoever has a reason. */
import type { StreamClosedCode } from '../../contract/events.ts';
import type { Caller } from '../dependencies.ts';
import { HttpProblem } from '../http-problem.ts';

export interface OpenStream {
  /** Who reads it, as they were when it was opened. */
  readonly caller: Caller;
  /** Tells the reader why, and the id to come back with; then the stream ends. */
  close(code: StreamClosedCode): void;
}

export class OpenStreams {
  readonly #byPrincipal = new Map<string, Set<OpenStream>>();
  readonly #maxPerPrincipal: number;

  constructor(maxPerPrincipal: number) {
    this.#maxPerPrincipal = maxPerPrincipal;
  }

  /** Refuses one stream too many; ask before anything is created or sent. */
  assertRoom(caller: Caller): void {
    if ((this.#byPrincipal.get(nameOf(caller))?.size ?? 0) >= this.#maxPerPrincipal) {
      throw new HttpProblem('too_many_streams');
    }
  }

  /** Returns what to call when the stream has ended. */
  add(stream: OpenStream): () => void {
    const name = nameOf(stream.caller);
    const streams = this.#byPrincipal.get(name) ?? new Set();
    this.#byPrincipal.set(name, streams.add(stream));
    return () => {
      streams.delete(stream);
      if (streams.size === 0 && this.#byPrincipal.get(name) === streams) this.#byPrincipal.delete(name);
    };
  }

  /** Closes those that are meant, or all. */
  close(code: StreamClosedCode, isMeant: (stream: OpenStream) => boolean = () => true): void {
    const all = [...this.#byPrincipal.values()].flatMap((streams) => [...streams]);
    for (const stream of all) if (isMeant(stream)) stream.close(code);
  }
}

/** Principals of two tenants are two, whatever they are called. */
const nameOf = ({ scope, actor }: Caller): string => `${scope.tenant}/${actor.principal}`;
