/** Imports what authors write, as often as it changes: modules are kept by their URL, so each load has URLs of its own. */
import { registerHooks } from 'node:module';
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { DefinitionError } from '../tools/definition-error.ts';

/** One load of agents that may be followed by others. */
export interface Loading {
  /** Different for each. */
  readonly version: string;
  /** Every file that this load has read. */
  readonly files: Set<string>;
}

const PARAMETER = 'countersign-load';
/** Ours are loaded once, whoever imports them. */
const OURS = new URL('../../', import.meta.url).href;
const isAuthors = (url: string): boolean =>
  url.startsWith('file:') && !url.startsWith(OURS) && !url.includes('/node_modules/');

const loadings = new Map<string, Loading>();
let hasHooks = false;

/** A load whose modules, with those that they import, are read anew. */
export function beginLoading(version: string): Loading {
  if (!hasHooks) {
    hasHooks = true;
    registerHooks({
      resolve(specifier, context, nextResolve) {
        const resolved = nextResolve(specifier, context);
        const loading = loadingOf(context.parentURL);
        if (loading === undefined || !isAuthors(resolved.url)) return resolved;
        return { ...resolved, url: versioned(new URL(resolved.url), loading) };
      },
    });
  }
  const loading = { version, files: new Set<string>() };
  loadings.set(version, loading);
  return loading;
}

const loadingOf = (parent: string | undefined): Loading | undefined =>
  loadings.get((parent && URL.parse(parent)?.searchParams.get(PARAMETER)) || '');

function versioned(url: URL, { version, files }: Loading): string {
  files.add(fileURLToPath(url));
  url.searchParams.set(PARAMETER, version);
  return url.href;
}

export interface ImportOptions {
  /** Directory that the path is relative to. Default: the working directory. */
  readonly from?: string;
  readonly loading?: Loading | undefined;
}

/** What a module of the author's exports. Throws a {@link DefinitionError} where it cannot be imported. */
export async function importModule(
  path: string,
  { from = process.cwd(), loading }: ImportOptions = {},
): Promise<Readonly<Record<string, unknown>>> {
  try {
    const url = pathToFileURL(resolve(from, path));
    const module: Record<string, unknown> = await import(loading ? versioned(url, loading) : url.href);
    return module;
  } catch (error) {
    throw new DefinitionError([`${path}: cannot be imported: ${messageOf(error)}`]);
  }
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
