/** `countersign.config.ts`: what a project sets for itself. The same keys as the environment, which wins. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import type { environmentSchema } from './environment/environment-schema.ts';
import { settableKeys } from './project-keys.ts';

export const PROJECT_FILE = 'countersign.config.ts';
const FILE_NAMES = [PROJECT_FILE, 'countersign.config.mts', 'countersign.config.js', 'countersign.config.mjs'];

export interface ProjectFile {
  readonly path: string;
  readonly directory: string;
  /** What it sets, as variables of the environment. */
  readonly variables: Readonly<Record<string, string>>;
  readonly faults: readonly string[];
  /** What a fault of a variable is to name instead; undefined where the file does not set it. */
  keyOf(variable: string): string | undefined;
}

/** The file of the nearest directory, from the given one upwards; undefined where there is none. */
export function findProjectFile(from = process.cwd()): string | undefined {
  const found = FILE_NAMES.map((name) => join(from, name)).find((path) => existsSync(path));
  const parent = dirname(from);
  return found ?? (parent === from ? undefined : findProjectFile(parent));
}

/** What the file sets, and all that is wrong with it. Loaded at once: it cannot wait for anything. */
export function readProjectFile(schema: typeof environmentSchema, from = process.cwd()): ProjectFile | undefined {
  const path = findProjectFile(from);
  if (path === undefined) return undefined;
  const directory = dirname(path);
  const keys = settableKeys(schema);
  const variables: Record<string, string> = {};
  const faults: string[] = [];
  for (const [key, value] of Object.entries(load(path, faults))) {
    if (value === undefined) continue;
    const known = keys.get(key);
    if (known === undefined) faults.push(`${path}: there is no key ${key}`);
    else if (known.isSecret) faults.push(`${path}: ${key} is a secret, and this file is not: set ${known.variable}`);
    else {
      const text = textOf(value, known.isPath || key === 'agents' ? directory : undefined);
      if (text === undefined)
        faults.push(`${path}: ${key} must be a text, a number, a list or pairs of name and number`);
      else variables[known.variable] = text;
    }
  }
  const keyOf = (variable: string): string | undefined =>
    variable in variables
      ? `${path}: ${[...keys].find(([, known]) => known.variable === variable)?.[0] ?? variable}`
      : undefined;
  return { path, directory, variables, faults, keyOf };
}

function load(path: string, faults: string[]): object {
  try {
    const module: unknown = createRequire(import.meta.url)(path);
    const config = typeof module === 'object' && module !== null && 'default' in module ? module.default : undefined;
    if (typeof config === 'object' && config !== null && !Array.isArray(config)) return config;
    faults.push(`${path}: must have \`export default defineConfig({ … })\``);
  } catch (error) {
    faults.push(`${path}: cannot be loaded: ${error instanceof Error ? error.message : String(error)}`);
  }
  return {};
}

/** A value as its variable would have it. Paths are relative to the file. */
function textOf(value: unknown, directory: string | undefined): string | undefined {
  const place = (text: string): string => (directory === undefined ? text : resolve(directory, text));
  if (typeof value === 'string') return value === '' ? '' : place(value);
  if (typeof value === 'number') return String(value);
  if (Array.isArray(value)) {
    return value.every((one) => typeof one === 'string') ? value.map(place).join(',') : undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const pairs = Object.entries(value);
  return pairs.every(([, one]) => typeof one === 'number') ? pairs.map((pair) => pair.join('=')).join(',') : undefined;
}
