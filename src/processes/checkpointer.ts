/**
 * Tells outside of the database how far the chains have come: every minute and at shutdown, one replica signs each
 * tenant's head and those of the runs that something has happened in, and hands it to the sinks.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { CheckpointSink } from '../adapters/sinks/checkpoint-sink.ts';
import type { Clock } from '../platform/clock.ts';
import type { Logger } from '../platform/logger.ts';
import { tryAdvisoryLock } from '../store/advisory-lock.ts';
import type { AdvisoryLock } from '../store/advisory-lock.ts';
import { auditHead } from '../store/audit-events.ts';
import { streamsTouchedSince } from '../store/touched-streams.ts';
import type { Store } from '../store/database.ts';
import { listTenants } from '../store/tenants.ts';
import type { SignCheckpoint } from './sign-checkpoint.ts';

const EVERY_MS = 60_000;
/** A run is found by the time of its last event, which may be stored later: after an outage, much later. */
const WINDOW_MS = 3_600_000;
/** A replica that takes over does not know what the one before it has told. */
const LOOK_BACK_MS = 24 * 3_600_000;
/** More come as several checkpoints. */
const RUNS_PER_CHECKPOINT = 1_000;
const LOCK = 'countersign.checkpoints';
/** A sink that does not answer keeps nobody from stopping. */
const STOP_TIMEOUT_MS = 10_000;

export interface CheckpointerOptions {
  readonly store: Store;
  readonly sinks: readonly CheckpointSink[];
  readonly sign: SignCheckpoint;
  readonly clock: Clock;
  readonly logger: Logger;
  /** @default 60000 */
  readonly everyMs?: number;
}

export interface Checkpointer {
  /** Tells a last time. */
  stop(): Promise<void>;
}

export const startCheckpointer = (options: CheckpointerOptions): Checkpointer => {
  const { store, sinks, sign, clock, logger, everyMs = EVERY_MS } = options;
  /** Tenants, and how far each of their runs has been told. */
  const told = new Map<string, Map<string, number>>();
  let lock: AdvisoryLock | undefined;

  const keep = async (checkpoint: string): Promise<void> => {
    const kept = await Promise.allSettled(sinks.map((sink) => sink.write(checkpoint)));
    const failed = kept.flatMap((one, index) =>
      one.status === 'rejected' ? [{ sink: sinks[index]?.name, err: one.reason as unknown }] : [],
    );
    for (const failure of failed) logger.error(failure, 'checkpoint.write_failed');
    if (failed.length > 0) throw new Error(`${failed.length} of ${sinks.length} sinks did not take a checkpoint`);
  };

  /** Each checkpoint tells of one page. */
  const tell = async (tenant: string): Promise<void> => {
    const startedAt = await clock.nowMs();
    const before = told.get(tenant);
    const now = new Map<string, number>();
    let from = { touchedAt: startedAt - (before ? WINDOW_MS : LOOK_BACK_MS), rootRunId: '' };
    for (let isLast = false; !isLast;) {
      const page = await streamsTouchedSince(store, tenant, from.touchedAt, RUNS_PER_CHECKPOINT, from.rootRunId);
      const audit = await auditHead(store, tenant);
      const news = page.filter((run) => run.seq > (before?.get(run.rootRunId) ?? 0));
      const runs = news.map(({ rootRunId, seq, headHash }) => ({ rootRunId, seq, hash: headHash }));
      // After it was read: what is stored by then is in it.
      const at = await clock.nowMs();
      // One checkpoint at least: that nothing has happened is told, too.
      if (runs.length > 0 || from.rootRunId === '') await keep(await sign({ tenant, at, audit, runs }));
      for (const { rootRunId, seq } of page) now.set(rootRunId, seq);
      from = page.at(-1) ?? from;
      isLast = page.length < RUNS_PER_CHECKPOINT;
    }
    // Only now: what a sink did not take is told again next time.
    told.set(tenant, now);
    logger.debug({ tenant, runs: now.size }, 'checkpoint.tell_completed');
  };

  const tick = async (): Promise<void> => {
    try {
      if (!lock?.isHeld) {
        lock = await tryAdvisoryLock(store, LOCK);
        told.clear();
      }
      if (!lock) return;
      for (const tenant of await listTenants(store)) await tell(tenant);
    } catch (error) {
      logger.error({ err: error }, 'checkpoint.tell_failed');
    }
  };

  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;
  const loop = async (): Promise<void> => {
    await tick();
    if (!isStopped) timer = setTimeout(() => void (running = loop()), everyMs);
  };
  let running = loop();

  return {
    async stop() {
      isStopped = true;
      clearTimeout(timer);
      const last = running.then(tick);
      await Promise.race([last, delay(STOP_TIMEOUT_MS, undefined, { ref: false })]);
      await lock?.release();
    },
  };
};
