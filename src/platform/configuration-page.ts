/** The tables of docs/reference/configuration.md. Run as a program it writes them into the page. */
import { readFile, writeFile } from 'node:fs/promises';
import { environmentSchema } from './environment/environment-schema.ts';
import { OTHER_VARIABLES, VARIABLE_GROUPS, VARIABLE_NOTES } from './variable-notes.ts';
import type { VariableGroup, VariableNote } from './variable-notes.ts';

export const CONFIGURATION_FILE = new URL('../../docs/reference/configuration.md', import.meta.url);

const BEGIN = '<!-- variables: written by `node src/platform/configuration-page.ts` -->';
const END = '<!-- end of the variables -->';

/** In the order of the schema; what it does not have comes last. */
const notes = (): readonly (readonly [string, VariableNote])[] => [
  ...environmentSchema.keyof().options.map((name) => [name, VARIABLE_NOTES[name]] as const),
  ...Object.entries(OTHER_VARIABLES),
];

const tableOf = (group: VariableGroup): string =>
  [
    `## ${VARIABLE_GROUPS[group]}`,
    '',
    '| variable | default | what |',
    '|---|---|---|',
    ...notes()
      .filter(([, note]) => note.group === group)
      .map(([name, { fallback, what }]) => `| \`${name}${name.endsWith('_') ? '…' : ''}\` | ${fallback} | ${what} |`),
  ].join('\n');

/** The page with today's variables; what people wrote around them stays. */
export async function configurationPage(): Promise<string> {
  const page = await readFile(CONFIGURATION_FILE, 'utf8');
  const [before, rest = ''] = page.split(BEGIN);
  const after = rest.split(END)[1];
  if (before === undefined || after === undefined) throw new Error('The page has lost the marks around its variables.');
  const groups = Object.keys(VARIABLE_GROUPS) as VariableGroup[];
  return `${before}${BEGIN}\n\n${groups.map(tableOf).join('\n\n')}\n\n${END}${after}`;
}

if (import.meta.main) await writeFile(CONFIGURATION_FILE, await configurationPage());
