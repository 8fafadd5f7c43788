import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findProjectFile } from '../platform/project-file.ts';

/** The checkout, or the installed package, that this program is part of. */
export const projectRoot = fileURLToPath(new URL('../..', import.meta.url));

/** The project that a command is for: where its configuration file lies, or else the checkout itself. */
export function projectHome(): string {
  const file = findProjectFile();
  return file === undefined ? projectRoot : dirname(file);
}
