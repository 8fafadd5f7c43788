/** Tells a worker when its version becomes the current one: by its own doing, by a command, or by a rollback. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../../platform/logger.ts';
import type { DeploymentPlace, VersionName } from './deployment.ts';
import { promoteIfNew } from './promote-if-new.ts';
import { readDeployment } from './read-deployment.ts';

/** Runs that start in between begin with the definitions of the version before. */
const LOOK_AGAIN_MS = 2_000;

export interface FollowOptions {
  /** Whether a version that has never been current becomes it now. */
  readonly promotes: boolean;
  readonly logger: Logger;
}

export interface Following {
  stop(): Promise<void>;
}

/** Settles after the first look. `onCurrent` is called each time that the version has become current. */
export async function followCurrent(
  place: DeploymentPlace,
  version: VersionName,
  { promotes, logger }: FollowOptions,
  onCurrent: () => Promise<void>,
): Promise<Following> {
  if (promotes) {
    try {
      if (await promoteIfNew(place, version)) logger.info({ version }, 'deployment.promote_completed');
    } catch (error) {
      // It serves once somebody makes its version current.
      logger.error({ version, err: error }, 'deployment.promote_failed');
    }
  }
  let wasCurrent = false;
  const look = async (): Promise<void> => {
    try {
      const deployment = await readDeployment(place, version.deploymentName);
      const found = deployment?.versions.find(({ buildId }) => buildId === version.buildId);
      const isCurrent = found?.status === 'current';
      if (isCurrent && !wasCurrent) await onCurrent();
      wasCurrent = isCurrent;
    } catch (error) {
      logger.warn({ version, err: error }, 'deployment.look_failed');
    }
  };
  const stopping = new AbortController();
  const loop = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      await delay(LOOK_AGAIN_MS, undefined, { signal: stopping.signal }).catch(() => undefined);
      if (!stopping.signal.aborted) await look();
    }
  };
  await look();
  const following = loop();
  return {
    async stop() {
      stopping.abort();
      await following;
    },
  };
}
