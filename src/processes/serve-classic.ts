/** An API process that drives runs of classic execution has models and tools of its own, as a worker has. */
import { createActivities } from '../activities/index.ts';
import { openCredentials } from '../adapters/credentials/open-credentials.ts';
import { startClassicRunner } from '../classic/classic-runner.ts';
import type { ClassicRunner } from '../classic/classic-runner.ts';
import type { Clock } from '../platform/clock.ts';
import type { Config } from '../platform/config.ts';
import type { Installation } from '../platform/installation.ts';
import type { Logger } from '../platform/logger.ts';
import { createGuardedFetch } from '../platform/outgoing/guarded-fetch.ts';
import type { TrustedKeys } from '../platform/signing-keys.ts';
import type { Store } from '../store/database.ts';
import { stepDependencies } from '../worker/step-dependencies.ts';
import { loadConfiguredAgents } from './configured-agents.ts';

export interface ServedParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly trust: TrustedKeys;
}

/** Workers make the agents known; of these the process takes those that are of classic execution. */
export const serveClassic = async (
  config: Config,
  place: Installation,
  { store, clock, logger, trust }: ServedParts,
): Promise<ClassicRunner> => {
  const agents = await loadConfiguredAgents(config, place);
  const dependencies = stepDependencies({
    store,
    clock,
    logger,
    trust,
    agents: agents.filter(({ execution }) => execution === 'classic'),
    models: config.models,
    workspacesRoot: place.workspacesRoot,
    forbidden: [place.stateDirectory],
    maxActiveRunsPerRequester: config.maxActiveRunsPerRequester,
    allowedPrivateHosts: config.allowedPrivateHosts,
    allowCommands: config.allowCommands,
    credentials: openCredentials(config.credentials, createGuardedFetch(config.allowedPrivateHosts)),
  });
  const runner = await startClassicRunner({
    store,
    clock,
    logger,
    trust,
    activities: createActivities(dependencies),
  });
  return {
    get driverId() {
      return runner.driverId;
    },
    begin: runner.begin,
    look: runner.look,
    async stop() {
      await runner.stop();
      await dependencies.servers.close();
    },
  };
};
