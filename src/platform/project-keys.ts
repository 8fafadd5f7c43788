/** The keys of `countersign.config.ts`: names of variables in camelCase, without `COUNTERSIGN_`. */
import { z } from 'zod';
import { absolutePath } from './environment/environment-fields.ts';
import type { environmentSchema } from './environment/environment-schema.ts';

/** Whether a variable of this name is never handed to child processes. */
export const looksSecret = (name: string): boolean =>
  /KEY$|KEY_DATA$|TOKEN|SECRET|PASSWORD|CREDENTIAL|DATABASE_URL/i.test(name);

type Camel<Name extends string> = Name extends `${infer First}_${infer Rest}`
  ? `${Lowercase<First>}${Capitalize<Camel<Rest>>}`
  : Lowercase<Name>;
type KeyOf<Variable extends string> = Camel<Variable extends `COUNTERSIGN_${infer Name}` ? Name : Variable>;

type Variables = z.output<typeof environmentSchema>;
/** Whose they are: of the command line, of tests, or secrets, which come from the environment alone. */
type NotSettable =
  `${string}${'KEY' | 'KEY_DATA' | 'TOKEN' | '_TEST' | 'TEST_SERVICES' | 'DATABASE_URL' | 'N_URL' | 'SERVER_PATH'}`;
type Value<V> = V extends readonly string[] ? readonly string[] : V;

/** What a project may set. What each means: docs/reference/configuration.md. */
export type ProjectConfig = {
  readonly [V in Exclude<keyof Variables, NotSettable | 'COUNTERSIGN_AGENTS'> as KeyOf<V>]?: Value<Variables[V]>;
} & {
  /** Modules and files with agents, relative to this file. */
  readonly agents?: string | readonly string[];
};

/** Types what `countersign.config.ts` exports; everything is checked when it is read. */
export const defineConfig = (config: ProjectConfig): ProjectConfig => config;

export interface SettableKey {
  readonly variable: string;
  /** Relative ones are relative to the file. */
  readonly isPath: boolean;
  /** Refused: the file is committed. */
  readonly isSecret: boolean;
}

const OF_OTHERS = ['COUNTERSIGN_URL', 'COUNTERSIGN_API_KEY'];
const isOfTests = (variable: string): boolean => variable.includes('_TEST');

export const settableKeys = (schema: typeof environmentSchema): ReadonlyMap<string, SettableKey> =>
  new Map(
    Object.entries(schema.shape)
      .filter(([variable]) => !OF_OTHERS.includes(variable) && !isOfTests(variable))
      .map(([variable, field]) => [
        keyOf(variable),
        {
          variable,
          isPath: field instanceof z.ZodOptional && field.unwrap() === absolutePath,
          isSecret: looksSecret(variable),
        },
      ]),
  );

const keyOf = (variable: string): string =>
  variable
    .replace(/^COUNTERSIGN_/, '')
    .toLowerCase()
    .replaceAll(/_([a-z])/g, (_match, letter: string) => letter.toUpperCase());
