// What other programs are told.
import { looksSecret } from '../project-keys.ts';
import { processEnvironment, withoutEmpty } from './environment.ts';
import type { Environment } from './environment.ts';
import { CREDENTIAL_PREFIX } from './environment-credentials.ts';
import { GRPC_META_PREFIX } from '../temporal-endpoint.ts';
import { environmentSchema } from './environment-schema.ts';

/** What any program may know about the machine and the user. */
const harmlessVariables = ['PATH', 'HOME', 'USER', 'LOGNAME', 'LANG', 'LC_ALL', 'LC_CTYPE', 'TZ', 'TMPDIR', 'TERM'];

/**
 * The environment of a child process: a harmless base and the variables named here, nothing else.
 * Naming a variable that holds a secret is a bug, and throws.
 */
export function childEnvironment(
  allowList: readonly string[] = [],
  environment: Environment = processEnvironment(),
): Record<string, string> {
  const secret = allowList.find(looksSecret);
  if (secret !== undefined) throw new Error(`${secret} must not be handed to child processes`);
  return withoutEmpty(
    Object.fromEntries([...harmlessVariables, ...allowList].map((name) => [name, environment[name]])),
  );
}

/** How Node reaches model providers from where this machine is. */
const networkVariables = ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'NODE_USE_ENV_PROXY', 'NODE_EXTRA_CA_CERTS'];

/** Where Node keeps compiled code. */
export const COMPILE_CACHE_VARIABLE = 'NODE_COMPILE_CACHE';

const PREFIXES = [CREDENTIAL_PREFIX, GRPC_META_PREFIX];
const userHomes = ['XDG_STATE_HOME', 'XDG_CACHE_HOME', 'XDG_CONFIG_HOME'];

/** The environment of Countersign's own processes: all that this one was configured with, keys included, and changes. */
export function installationEnvironment(
  changes: Readonly<Record<string, string | undefined>>,
  environment: Environment = processEnvironment(),
): Record<string, string> {
  const clientOnly = ['COUNTERSIGN_URL', 'COUNTERSIGN_API_KEY'];
  const own = Object.keys(environmentSchema.shape).filter((name) => !clientOnly.includes(name));
  const proxies = [...networkVariables, ...networkVariables.map((name) => name.toLowerCase())];
  const prefixed = Object.keys(environment).filter((name) => PREFIXES.some((prefix) => name.startsWith(prefix)));
  const names = [...harmlessVariables, ...prefixed, ...userHomes, ...proxies, ...own, COMPILE_CACHE_VARIABLE];
  return withoutEmpty({ ...Object.fromEntries(names.map((name) => [name, environment[name]])), ...changes });
}
