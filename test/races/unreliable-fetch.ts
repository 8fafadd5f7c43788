// A fetch as a bad network would have it: other replicas, broken connections, readers that take their time.
import { setTimeout as delay } from 'node:timers/promises';
import type { Dice } from '../../faults/dice.ts';

export interface Trouble {
  connections: number;
  cuts: number;
  switches: number;
}

export interface UnreliableOptions {
  readonly replicas: readonly string[];
  readonly dice: Dice;
  readonly trouble: Trouble;
  /** How many connections break before one is left whole. */
  readonly cuts: number;
  /** Waits before it takes each piece. */
  readonly isSlow: boolean;
}

/** Each connection goes to any replica and breaks after any number of bytes, within an event or between. */
export function unreliableFetch({ replicas, dice, trouble, cuts, isSlow }: UnreliableOptions): typeof fetch {
  let left = cuts;
  let last: string | undefined;
  return async (input, init) => {
    const replica = dice.pick(replicas);
    if (last !== undefined && last !== replica) trouble.switches += 1;
    last = replica;
    trouble.connections += 1;
    const { pathname, search } = new URL(input instanceof Request ? input.url : input);
    const connection = new AbortController();
    const signals = [connection.signal, ...(init?.signal ? [init.signal] : [])];
    const response = await fetch(new URL(pathname + search, replica), { ...init, signal: AbortSignal.any(signals) });
    if (!response.ok || !response.body) return response;
    const isCut = left > 0;
    left -= 1;
    let room = isCut ? dice.between(0, 4_000) : Number.POSITIVE_INFINITY;
    const reader = response.body.getReader();
    const body = new ReadableStream<Uint8Array>(
      {
        async pull(controller) {
          if (isSlow) await delay(dice.between(0, 30));
          const { done, value } = await reader.read();
          if (done) return controller.close();
          const taken = value.subarray(0, Math.min(room, value.length));
          room -= value.length;
          if (taken.length > 0) controller.enqueue(taken);
          if (room > 0) return;
          trouble.cuts += 1;
          connection.abort();
          controller.error(new Error('The connection broke.'));
        },
        cancel: () => connection.abort(),
      },
      { highWaterMark: 0 },
    );
    return new Response(body, { status: response.status, headers: response.headers });
  };
}
