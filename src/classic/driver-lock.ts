/** Keeps the lock that says that this process lives; takes it again where the store has lost the connection. */
import type { Logger } from '../platform/logger.ts';
import { tryAdvisoryLock } from '../store/advisory-lock.ts';
import type { AdvisoryLock } from '../store/advisory-lock.ts';
import type { Store } from '../store/database.ts';
import { driverLock } from '../store/driven-runs.ts';

const CHECK_MS = 500;

export interface DriverLock {
  /** The first try is over. Where it failed, others follow. */
  readonly isTried: Promise<void>;
  readonly isHeld: boolean;
  release(): Promise<void>;
}

export const keepDriverLock = ({
  store,
  logger,
  driverId,
}: {
  readonly store: Store;
  readonly logger: Logger;
  readonly driverId: string;
}): DriverLock => {
  let lock: AdvisoryLock | undefined;
  let isReleased = false;
  let timer: NodeJS.Timeout | undefined;

  const take = async (): Promise<void> => {
    if (!lock?.isHeld) {
      try {
        lock = await tryAdvisoryLock(store, driverLock(driverId));
      } catch (error) {
        logger.warn({ err: error }, 'classic.lock_lost');
      }
    }
    if (!isReleased) timer = setTimeout(check, CHECK_MS).unref();
  };
  let taking = Promise.resolve();
  const check = (): void => {
    taking = take();
  };
  check();

  return {
    isTried: taking,
    get isHeld() {
      return lock?.isHeld === true;
    },
    async release() {
      isReleased = true;
      clearTimeout(timer);
      await taking;
      await lock?.release();
    },
  };
};
