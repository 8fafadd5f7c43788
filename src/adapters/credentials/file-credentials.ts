import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { z } from 'zod';
import type { CredentialProvider, CredentialRequest } from './credential-provider.ts';

/** Version 1. An entry is for everybody whom its fields do not leave out. */
const File = z.strictObject({
  v: z.literal(1),
  credentials: z
    .array(
      z.strictObject({
        reference: z.string(),
        tenant: z.string().optional(),
        project: z.string().optional(),
        principal: z.string().optional(),
        value: z.string(),
      }),
    )
    .max(10_000),
});
type Entry = z.infer<typeof File>['credentials'][number];

const MAX_FILE_BYTES = 8 * 1024 * 1024;

/** What a file of secrets must be. Names no content of it. */
export class CredentialFileError extends Error {
  override readonly name = 'CredentialFileError';
}

const SCOPES = ['tenant', 'project', 'principal'] as const;

/** The entry that says most about whom it is for. */
function bestOf(entries: readonly Entry[], request: CredentialRequest): Entry | undefined {
  const fitting = entries.filter(
    (entry) =>
      entry.reference === request.reference &&
      SCOPES.every((scope) => entry[scope] === undefined || entry[scope] === request[scope]),
  );
  // A person's own goes before a project's, a project's before a tenant's.
  const weight = (entry: Entry): number =>
    SCOPES.reduce((sum, scope, index) => sum + (entry[scope] === undefined ? 0 : 2 ** index), 0);
  return fitting.toSorted((a, b) => weight(b) - weight(a))[0];
}

async function readEntries(path: string): Promise<readonly Entry[]> {
  await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch(() => {
    throw new CredentialFileError('The file of credentials cannot be opened.');
  });
  const status = await file.stat();
  if (!status.isFile() || (status.mode & 0o077) !== 0)
    throw new CredentialFileError('The file of credentials must be a regular file of mode 0600.');
  if (status.size > MAX_FILE_BYTES) throw new CredentialFileError('The file of credentials is too large.');
  const text = await file.readFile('utf8');
  // What the parsers say may quote the file.
  const content = ((): unknown => {
    try {
      return JSON.parse(text);
    } catch {
      return undefined;
    }
  })();
  const parsed = File.safeParse(content);
  if (!parsed.success) throw new CredentialFileError('The file of credentials is not of the form that it must have.');
  return parsed.data.credentials;
}

/** Read anew each time, so that a secret can be replaced while workers run. */
export const fileCredentials = (path: string): CredentialProvider => ({
  resolve: async (request) => bestOf(await readEntries(path), request)?.value,
});
