/** Which API the command line talks to, and with which key. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { parseApiKey } from './api-key.ts';
import type { ClientEnvironment } from './environment/client-environment.ts';

/** What the all-in-one process leaves in the state directory with the first key. */
const ClientFile = z.object({ url: z.url(), apiKey: z.string().min(1) });
export type ClientFile = z.infer<typeof ClientFile>;

export interface ClientConfig {
  readonly url: string;
  readonly apiKey: string;
}

/** Nothing says which key to use. */
export class ClientConfigError extends Error {
  override readonly name = 'ClientConfigError';
}

export const clientFilePath = (stateDirectory: string): string => join(stateDirectory, 'client.json');

/** Undefined where there is none, or none that can be used. */
export function readClientFile(stateDirectory: string): ClientFile | undefined {
  try {
    return ClientFile.safeParse(JSON.parse(readFileSync(clientFilePath(stateDirectory), 'utf8'))).data;
  } catch {
    return undefined;
  }
}

/** An installation may come back on another port. */
export function updateClientFile(stateDirectory: string, url: string): ClientFile | undefined {
  const file = readClientFile(stateDirectory);
  if (file === undefined || file.url === url) return file;
  const updated = { ...file, url };
  writeFileSync(clientFilePath(stateDirectory), JSON.stringify(updated), { mode: 0o600 });
  return updated;
}

/** Puts the new secret of a rotated key in the place of the kept one; false where another key is kept, or none. */
export function replaceKeptKey(stateDirectory: string, apiKey: string): boolean {
  const file = readClientFile(stateDirectory);
  const kept = file && parseApiKey(file.apiKey);
  if (!kept || kept.id !== parseApiKey(apiKey)?.id) return false;
  writeFileSync(clientFilePath(stateDirectory), JSON.stringify({ ...file, apiKey }), { mode: 0o600 });
  return true;
}

/**
 * Options win over the environment, that over the installation of this checkout. The kept key goes to the address that
 * it was made for and to no other. Throws a {@link ClientConfigError} that says what is missing.
 */
export function clientConfig(
  given: { readonly url?: string | undefined; readonly key?: string | undefined },
  environment: ClientEnvironment,
  stateDirectory: string,
): ClientConfig {
  const kept = readClientFile(stateDirectory);
  const url = given.url ?? environment.url ?? kept?.url;
  const named = given.key ?? environment.apiKey;
  if (url === undefined) {
    throw new ClientConfigError(
      'No Countersign is known here. Start one with `npm start`, or name one with --url and --key ' +
        '(COUNTERSIGN_URL and COUNTERSIGN_API_KEY).',
    );
  }
  const isKept = kept !== undefined && originOf(kept.url) === originOf(url);
  const apiKey = named ?? (isKept ? kept.apiKey : undefined);
  if (apiKey !== undefined) return { url, apiKey };
  throw new ClientConfigError(`No key is known for ${url}. Name one with COUNTERSIGN_API_KEY or --key.`);
}

const originOf = (url: string): string | undefined => (URL.canParse(url) ? new URL(url).origin : undefined);
