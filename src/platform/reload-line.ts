/** What the all-in-one process says in its log when it has loaded agents again, and whoever reads it there. */
import { z } from 'zod';
import { logSizeBytes, readFrom } from './ready-line.ts';

const Reload = z.discriminatedUnion('ok', [
  z.object({ ok: z.literal(true), agents: z.array(z.string()).readonly() }),
  z.object({ ok: z.literal(false), faults: z.array(z.string()).readonly() }),
]);
export type Reload = z.infer<typeof Reload>;

const POLL_MS = 200;

/** Calls with each reload that the log tells from now on, until it is stopped. */
export function followReloads(logFile: string, onReload: (reload: Reload) => void): { stop(): void } {
  let fromBytes = logSizeBytes(logFile);
  const timer = setInterval(() => {
    const sizeBytes = logSizeBytes(logFile);
    if (sizeBytes === fromBytes) return;
    // A log that has grown too large was put aside and begun anew.
    if (sizeBytes < fromBytes) fromBytes = 0;
    const text = readFrom(logFile, fromBytes);
    // A line that is still being written is for the next time.
    const whole = text.slice(0, text.lastIndexOf('\n') + 1);
    fromBytes += Buffer.byteLength(whole);
    for (const line of whole.split('\n')) {
      const reload = reloadOf(line);
      if (reload) onReload(reload);
    }
  }, POLL_MS);
  timer.unref();
  return { stop: () => clearInterval(timer) };
}

function reloadOf(line: string): Reload | undefined {
  if (!line.startsWith('{"reload":')) return undefined;
  try {
    return z.object({ reload: Reload }).safeParse(JSON.parse(line)).data?.reload;
  } catch {
    return undefined;
  }
}
