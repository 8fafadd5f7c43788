/** `{{name}}` in an agent's instructions: what a run's start gives them, and what is known of the start itself. Pure. */
import type { AgentDefinition } from './schemas/agent.ts';

/** Texts by name, as pinned with a run. */
export type PromptVariables = Readonly<Record<string, string>>;

const BUILT_IN = ['run.date', 'run.time', 'run.weekday', 'run.timezone'] as const;
type BuiltIn = (typeof BUILT_IN)[number];

const PLACE = /\{\{\s*([a-z][A-Za-z0-9_.]{0,62})\s*\}\}/g;

const isBuiltIn = (name: string): name is BuiltIn => (BUILT_IN as readonly string[]).includes(name);

const namesIn = (instructions: string): readonly string[] => [
  ...new Set([...instructions.matchAll(PLACE)].flatMap((match) => (match[1] === undefined ? [] : [match[1]]))),
];

type Declared = Pick<AgentDefinition, 'instructions' | 'variables'>;

/** Whether the start of a run has something to pin. An agent that declares nothing may write braces as it likes. */
export const hasVariables = ({ instructions, variables }: Declared): boolean =>
  variables !== undefined || namesIn(instructions).some(isBuiltIn);

/** Names in the instructions that nothing gives a value to. */
export const undeclaredNames = ({ instructions, variables }: Declared): readonly string[] =>
  variables === undefined
    ? []
    : namesIn(instructions).filter((name) => !isBuiltIn(name) && !Object.hasOwn(variables, name));

export interface VariableFault {
  readonly name: string;
  readonly message: string;
}

/** What is wrong with the values that a start gives; empty: nothing. */
export function variableFaults({ variables = {} }: Declared, given: PromptVariables): readonly VariableFault[] {
  const unknown = Object.keys(given)
    .filter((name) => !Object.hasOwn(variables, name))
    .map((name) => ({ name, message: 'is not a variable of this agent' }));
  const declared = Object.entries(variables).flatMap(([name, { default: fallback, values }]): VariableFault[] => {
    const value = Object.hasOwn(given, name) ? given[name] : fallback;
    if (value === undefined) return [{ name, message: 'is required' }];
    return values && !values.includes(value) ? [{ name, message: `must be one of: ${values.join(', ')}` }] : [];
  });
  return [...unknown, ...declared];
}

const partsOf = (timezone: string, atMs: number): Record<string, string> => {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone: timezone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
    weekday: 'long',
  });
  return Object.fromEntries(format.formatToParts(atMs).map(({ type, value }) => [type, value]));
};

/** All that is pinned with a run: what was given, what is declared as the default, and what is known of the start. */
export function pinVariables(
  { variables = {} }: Declared,
  given: PromptVariables,
  { timezone, atMs }: { readonly timezone: string; readonly atMs: number },
): PromptVariables {
  const defaults = Object.entries(variables).flatMap(([name, one]) =>
    one.default === undefined ? [] : [[name, one.default] as const],
  );
  const { year, month, day, hour, minute, weekday = '' } = partsOf(timezone, atMs);
  const known: Record<BuiltIn, string> = {
    'run.date': `${year}-${month}-${day}`,
    'run.time': `${hour}:${minute}`,
    'run.weekday': weekday,
    'run.timezone': timezone,
  };
  return { ...Object.fromEntries(defaults), ...given, ...known };
}

/** Each place is filled once: what a value says is text, even where it looks like a place. */
export const fillIn = (instructions: string, values: PromptVariables): string =>
  instructions.replaceAll(PLACE, (place: string, name: string) =>
    Object.hasOwn(values, name) ? (values[name] ?? place) : place,
  );
