import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { processEnvironment } from './environment.ts';
import type { Environment } from './environment.ts';

/** The user's state and cache homes by the XDG rules: a relative path in the variable does not count. */
export function userDirectories(environment: Environment = processEnvironment()): {
  stateHome: string;
  cacheHome: string;
} {
  const home = environment['HOME'] || homedir();
  const choose = (value: string | undefined, fallback: string) =>
    value !== undefined && isAbsolute(value) ? value : join(home, fallback);
  return {
    stateHome: choose(environment['XDG_STATE_HOME'], '.local/state'),
    cacheHome: choose(environment['XDG_CACHE_HOME'], '.cache'),
  };
}
