import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { DefinitionError } from '../tools/definition-error.ts';

/** What a module of the author's exports. Throws a {@link DefinitionError} where it cannot be imported. */
export async function importModule(path: string, from = process.cwd()): Promise<Readonly<Record<string, unknown>>> {
  try {
    const url = pathToFileURL(resolve(from, path));
    const module: Record<string, unknown> = await import(url.href);
    return module;
  } catch (error) {
    throw new DefinitionError([`${path}: cannot be imported: ${messageOf(error)}`]);
  }
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
