/** Looks at everything that it can reach and says how to mend it. `countersign doctor` starts it; prints JSON. */
import type { Check, CheckUp } from '../contract/check-up.ts';
import { connectLazily } from '../gateway/connection.ts';
import { loadConfig } from '../platform/config.ts';
import { ConfigError } from '../platform/config-error.ts';
import type { Config } from '../platform/config.ts';
import { checkConfiguration } from './doctor/check-configuration.ts';
import { checkDatabase } from './doctor/check-database.ts';
import { checkStateDirectory } from './doctor/check-state-directory.ts';
import { checkTemporal } from './doctor/check-temporal.ts';

/** Undefined where it is not usable: that is among the checks. */
function usableConfig(): Config | undefined {
  try {
    return loadConfig();
  } catch (error) {
    if (error instanceof ConfigError) return undefined;
    throw error;
  }
}

async function checkServices(config: Config): Promise<readonly Check[]> {
  const { temporal, worker, databaseUrl, stateDirectory } = config;
  const connection = temporal.endpoint && connectLazily(temporal.endpoint);
  const { deploymentName, taskQueues } = worker;
  const found = await Promise.all([
    checkStateDirectory(stateDirectory),
    checkDatabase(databaseUrl),
    connection
      ? checkTemporal({ connection, namespace: temporal.namespace, deploymentName, taskQueues })
      : [
          {
            subject: 'temporal',
            status: 'skipped',
            detail: 'TEMPORAL_ADDRESS is not set: `npm start` has its own',
          } as const,
        ],
  ]);
  await connection?.close();
  return found.flat();
}

const config = usableConfig();
const checks = [...checkConfiguration(), ...(config ? await checkServices(config) : [])];
process.stdout.write(`${JSON.stringify({ checks } satisfies CheckUp)}\n`);
