/** A process that is killed and comes back, as a supervisor would bring it back. */
import { setTimeout as delay } from 'node:timers/promises';

export interface Started {
  readonly pid?: number | undefined;
  isRunning?(): boolean;
  stop(): Promise<void>;
}

export interface Part extends AsyncDisposable {
  readonly name: string;
  readonly isUp: boolean;
  /** `kill -9`, and after a while it is started again, until it stays up. */
  killAndRestart(downMs: number): Promise<void>;
  /** Starts it again where it gave up by itself, since something that it needs was down. */
  revive(): Promise<void>;
}

const RETRY_MS = 500;

export async function openPart(name: string, start: () => Promise<Started>): Promise<Part> {
  let running: Started | undefined = await start();
  const closing = new AbortController();

  const restart = async () => {
    while (!closing.signal.aborted) {
      try {
        running = await start();
        return;
      } catch {
        // What it needs may be down as well: a supervisor tries again.
        await delay(RETRY_MS);
      }
    }
  };

  return {
    name,
    get isUp() {
      return running !== undefined;
    },
    async killAndRestart(downMs) {
      const victim = running;
      if (victim?.pid === undefined) return;
      running = undefined;
      process.kill(victim.pid, 'SIGKILL');
      // Waits for its end, and gives back its locks.
      await victim.stop().catch(() => undefined);
      await delay(downMs);
      await restart();
    },
    async revive() {
      if (running?.isRunning?.() !== false) return;
      running = undefined;
      await restart();
    },
    async [Symbol.asyncDispose]() {
      closing.abort();
      await running?.stop();
    },
  };
}
