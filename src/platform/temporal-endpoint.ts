/** How Temporal is reached: by the standard `TEMPORAL_*` variables, and by profiles of `temporal.toml`. */
import { existsSync } from 'node:fs';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import type { ClientConnectConfig } from '@temporalio/envconfig';
import { z } from 'zod';
import { absolutePath } from './environment/environment-fields.ts';

type ConnectionOptions = ClientConnectConfig['connectionOptions'];

/** What a connection takes beside the address; nothing of it for a server without TLS. */
export type TemporalSecurity = Pick<ConnectionOptions, 'apiKey' | 'tls' | 'metadata'>;

export interface TemporalEndpoint extends TemporalSecurity {
  /** `host:port`. */
  readonly address: string;
}

const HOST_AND_PORT = /^[^\s/:]+:\d{1,5}$|^\[[0-9a-fA-F:]+\]:\d{1,5}$/;
const flag = z.enum(['true', 'false', '1', '0'], { error: 'must be true or false' });

/** Names and meanings are Temporal's own: every SDK and the `temporal` command read them. */
export const temporalVariables = {
  TEMPORAL_ADDRESS: z.string().regex(HOST_AND_PORT, 'must be host:port').optional(),
  TEMPORAL_NAMESPACE: z.string().default('default'),
  TEMPORAL_API_KEY: z.string().optional(),
  TEMPORAL_TLS: flag.optional(),
  TEMPORAL_TLS_SERVER_NAME: z.string().optional(),
  TEMPORAL_TLS_SERVER_CA_CERT_PATH: absolutePath.optional(),
  TEMPORAL_TLS_SERVER_CA_CERT_DATA: z.string().optional(),
  TEMPORAL_TLS_CLIENT_CERT_PATH: absolutePath.optional(),
  TEMPORAL_TLS_CLIENT_CERT_DATA: z.string().optional(),
  TEMPORAL_TLS_CLIENT_KEY_PATH: absolutePath.optional(),
  TEMPORAL_TLS_CLIENT_KEY_DATA: z.string().optional(),
  TEMPORAL_TLS_DISABLE_HOST_VERIFICATION: z
    .enum(['false', '0'], { error: 'is not possible: name the host of its certificate in TEMPORAL_TLS_SERVER_NAME' })
    .optional(),
  TEMPORAL_CONFIG_FILE: absolutePath.optional(),
  TEMPORAL_PROFILE: z.string().optional(),
};

/** `TEMPORAL_GRPC_META_X_TEAM=a` sends the header `x-team: a` along with every call. */
export const GRPC_META_PREFIX = 'TEMPORAL_GRPC_META_';

export interface TemporalReading {
  readonly endpoint: TemporalEndpoint | undefined;
  readonly namespace: string;
  /** Of the profile, as far as the variables do not say otherwise. */
  readonly fromProfile: { readonly address: boolean; readonly namespace: boolean };
  /** Names variables and files, never what they hold. */
  readonly faults: readonly string[];
}

const DEFAULT_NAMESPACE = 'default';

/**
 * A profile counts where one is named: that somebody's `temporal` command talks to another server by default is no
 * reason for `npm start` to.
 */
export function readTemporal(variables: Readonly<Record<string, string>>): TemporalReading {
  const { TEMPORAL_CONFIG_FILE: file, TEMPORAL_PROFILE: profile } = variables;
  const none = { endpoint: undefined, namespace: DEFAULT_NAMESPACE, fromProfile: { address: false, namespace: false } };
  if (file !== undefined && !existsSync(file))
    return { ...none, faults: [`TEMPORAL_CONFIG_FILE names a file that there is not: ${file}`] };
  let read: ClientConnectConfig;
  try {
    const disableFile = file === undefined && profile === undefined;
    read = loadClientConnectConfig({ overrideEnvVars: { ...variables }, disableFile });
  } catch (error) {
    return { ...none, faults: [faultOf(error)] };
  }
  const { namespace = DEFAULT_NAMESPACE, connectionOptions } = read;
  const { address, apiKey, tls, metadata } = connectionOptions;
  const fromProfile = {
    address: address !== undefined && variables['TEMPORAL_ADDRESS'] === undefined,
    namespace: read.namespace !== undefined && variables['TEMPORAL_NAMESPACE'] === undefined,
  };
  const security: TemporalSecurity = {
    ...(apiKey !== undefined && { apiKey }),
    ...(tls !== undefined && { tls }),
    ...(metadata !== undefined && { metadata }),
  };
  const isNeeded = profile !== undefined || file !== undefined || Object.keys(security).length > 0;
  if (address === undefined)
    return {
      ...none,
      namespace,
      faults: isNeeded ? ['TEMPORAL_ADDRESS is needed: nothing else names a Temporal'] : [],
    };
  const isUsable = !fromProfile.address || HOST_AND_PORT.test(address);
  const faults = [
    ...(isUsable ? [] : ['TEMPORAL_PROFILE names an address that is not host:port']),
    ...(isSentPlainly(address, security) ? ['TEMPORAL_API_KEY would be sent unencrypted: TEMPORAL_TLS is false'] : []),
  ];
  return { endpoint: { address, ...security }, namespace, fromProfile, faults };
}

const LOOPBACK = /^(127\.0\.0\.1|localhost|\[::1\]):/;

const isSentPlainly = (address: string, { apiKey, tls }: TemporalSecurity): boolean =>
  apiKey !== undefined && tls === false && !LOOPBACK.test(address);

/** Parsers quote what they cannot read, which may be a key: only what is known to hold none is passed on. */
function faultOf(error: unknown): string {
  const { message, path, line } = error as { message?: string; path?: string; line?: number };
  if (path !== undefined) return `TEMPORAL_* names a file that cannot be read: ${path}`;
  if (line !== undefined) return `TEMPORAL_CONFIG_FILE cannot be read as TOML (line ${line})`;
  if (message?.startsWith('Profile ')) return 'TEMPORAL_PROFILE names a profile that the file does not have';
  return 'TEMPORAL_* cannot be used';
}
