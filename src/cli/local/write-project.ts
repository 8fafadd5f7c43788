/** A project that runs, written into an empty directory. */
import { cpSync, mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { basename, join, relative, resolve, sep } from 'node:path';
import { version } from '../../platform/version.ts';
import { CliError, EXIT } from '../exit-codes.ts';
import { projectRoot } from '../project-root.ts';

const TEMPLATE = join(projectRoot, 'templates', 'project');
/** A repository without a commit yet is as good as nothing. */
const HARMLESS = new Set(['.git']);
const SHOWN_NAMES = 10;

/** Throws a CliError, and writes nothing, where something is in the way. Gives the directory. */
export function writeProject(given: string): string {
  const directory = resolve(given);
  refuseUnlessEmpty(directory);
  cpSync(TEMPLATE, directory, { recursive: true });
  // npm leaves a .gitignore out of packages.
  renameSync(join(directory, 'gitignore'), join(directory, '.gitignore'));
  writeFileSync(join(directory, 'package.json'), `${JSON.stringify(manifest(directory), null, 2)}\n`);
  return directory;
}

function refuseUnlessEmpty(directory: string): void {
  mkdirSync(directory, { recursive: true });
  const names = readdirSync(directory).filter((name) => !HARMLESS.has(name));
  if (names.length === 0) return;
  const more = names.length > SHOWN_NAMES ? ` and ${names.length - SHOWN_NAMES} more` : '';
  throw new CliError(
    EXIT.failed,
    `${directory} is not empty: ${names.toSorted().slice(0, SHOWN_NAMES).join(', ')}${more}.`,
    'Nothing was written. Name an empty directory, or a new one: countersign init <directory>',
  );
}

const manifest = (directory: string) => ({
  name: packageName(basename(directory)),
  private: true,
  type: 'module',
  scripts: {
    start: 'countersign dev --first-run support --first-input "Order A-1042 never came."',
    test: 'countersign test',
    countersign: 'countersign',
  },
  dependencies: { countersign: dependency(directory) },
});

const packageName = (name: string): string =>
  name
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]+/g, '-')
    .replaceAll(/^-+|-+$/g, '') || 'agents';

/** As this program is itself here: a checkout by its path, an installed package by its version. */
const dependency = (directory: string): string =>
  projectRoot.split(sep).includes('node_modules') ? version : `file:${relative(directory, projectRoot) || '.'}`;
