/** Makes a version current that has never been: its first worker is there, and nobody else would say so. */
import { setTimeout as delay } from 'node:timers/promises';
import { isPreconditionFailed } from '../temporal-faults.ts';
import type { DeploymentPlace, VersionName } from './deployment.ts';
import { readDeployment } from './read-deployment.ts';
import { setCurrentVersion } from './route-runs.ts';

/** A version is known once its worker has polled each of its queues. */
const KNOWN_TIMEOUT_MS = 30_000;
const LOOK_AGAIN_MS = 50;

/** One that was current before is left as it is: a worker that restarts undoes no rollback. */
export async function promoteIfNew(place: DeploymentPlace, version: VersionName): Promise<boolean> {
  for (const deadline = Date.now() + KNOWN_TIMEOUT_MS; ;) {
    const deployment = await readDeployment(place, version.deploymentName);
    const known = deployment?.versions.find(({ buildId }) => buildId === version.buildId);
    if (known && (known.activatedAt !== undefined || known.status === 'current')) return false;
    if (known && (await isTaken(setCurrentVersion(place, version, { identity: 'countersign worker' })))) return true;
    if (Date.now() > deadline) throw new Error(`Temporal has not heard of the version ${version.buildId} in time.`);
    await delay(LOOK_AGAIN_MS);
  }
}

/** The server refuses as long as some queue of the version before has no worker of this one. */
async function isTaken(setting: Promise<void>): Promise<boolean> {
  try {
    await setting;
    return true;
  } catch (error) {
    if (isPreconditionFailed(error)) return false;
    throw error;
  }
}
