import { withoutEmpty } from './environment.ts';
import type { Environment } from './environment.ts';

/** How variables are named that hold secrets for tools. */
export const CREDENTIAL_PREFIX = 'COUNTERSIGN_CREDENTIAL_';

/** By the name that tools know: `COUNTERSIGN_CREDENTIAL_GITHUB` as `GITHUB`. */
export const environmentCredentials = (environment: Environment): ReadonlyMap<string, string> =>
  new Map(
    Object.entries(withoutEmpty(environment))
      .filter(([name]) => name.startsWith(CREDENTIAL_PREFIX))
      .map(([name, value]) => [name.slice(CREDENTIAL_PREFIX.length), value]),
  );
