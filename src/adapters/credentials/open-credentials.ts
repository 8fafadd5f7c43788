import { fileURLToPath } from 'node:url';
import type { Config } from '../../platform/config.ts';
import type { GuardedFetch } from '../../platform/outgoing/guarded-fetch.ts';
import type { CredentialProvider } from './credential-provider.ts';
import { environmentCredentials } from './environment-credentials.ts';
import { fileCredentials } from './file-credentials.ts';
import { httpCredentials } from './http-credentials.ts';

/** The provider that the configuration names; without one, the environment. */
export const openCredentials = (
  { url, token, environment }: Config['credentials'],
  fetch: GuardedFetch,
): CredentialProvider => {
  if (url === undefined) return environmentCredentials(environment);
  return url.startsWith('file:') ? fileCredentials(fileURLToPath(url)) : httpCredentials({ url, token, fetch });
};
