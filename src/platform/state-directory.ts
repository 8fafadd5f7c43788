// Where a local installation keeps what must not lie in a project: keys, databases, logs.
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { userDirectories } from './environment/user-directories.ts';

const directoryMode = 0o700;

/**
 * The private directory of one checkout: `<state home>/countersign/<16 hex digits of its real path>`, mode 0700.
 * Files in it are the writer's to create with mode 0600. Created when missing.
 */
export function stateDirectory(projectRoot: string, stateHome = userDirectories().stateHome): string {
  const digest = createHash('sha256').update(realpathSync(projectRoot)).digest('hex');
  return privateDirectory(join(stateHome, 'countersign', digest.slice(0, 16)));
}

/** The directory of built and downloaded programs, shared by all checkouts of this user. Created when missing. */
export function cacheDirectory(cacheHome = userDirectories().cacheHome): string {
  const directory = join(cacheHome, 'countersign');
  mkdirSync(directory, { recursive: true, mode: directoryMode });
  return directory;
}

/** Creates a directory, or tightens one that exists, so that only this user may enter it. */
export function privateDirectory(directory: string): string {
  mkdirSync(directory, { recursive: true, mode: directoryMode });
  chmodSync(directory, directoryMode);
  return directory;
}
