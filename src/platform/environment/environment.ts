// The only reader of process.env.

export type Environment = Readonly<Record<string, string | undefined>>;

/** What this process was started with. */
export const processEnvironment = (): Environment => process.env;

/** An empty variable counts as not set. */
export function withoutEmpty(environment: Environment): Record<string, string> {
  const set = Object.entries(environment).filter((entry): entry is [string, string] => Boolean(entry[1]));
  return Object.fromEntries(set);
}
