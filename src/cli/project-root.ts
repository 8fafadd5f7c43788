import { fileURLToPath } from 'node:url';

/** The checkout that this program is part of. */
export const projectRoot = fileURLToPath(new URL('../..', import.meta.url));
