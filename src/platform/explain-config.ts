/** What holds, and where each value comes from. Secrets are named, never shown. */
import { ConfigError } from './config-error.ts';
import { loadConfig } from './config.ts';
import type { Environment } from './environment/environment.ts';
import { environmentSchema } from './environment/environment-schema.ts';
import { configurationSources } from './environment/read-variables.ts';
import type { ProjectFile } from './project-file.ts';
import { looksSecret } from './project-keys.ts';
import { readTemporal } from './temporal-endpoint.ts';
import { OTHER_VARIABLES, VARIABLE_NOTES } from './variable-notes.ts';

/** `profile`: of a `temporal.toml`. */
export type ValueSource = 'default' | 'environment' | 'file' | 'profile';

export interface ExplainedVariable {
  readonly variable: string;
  /** Null where nothing is set: `fallback` says what holds then. */
  readonly value: string | null;
  readonly fallback: string;
  readonly source: ValueSource;
  /** The project's file, or the Temporal profile. */
  readonly from?: string;
}

export interface ExplainedConfig {
  readonly variables: readonly ExplainedVariable[];
  /** Everything that is wrong with it. */
  readonly faults: readonly string[];
}

export const SECRET = '(secret)';

const URL_VARIABLES = /URL$|^COUNTERSIGN_CREDENTIALS$|^COUNTERSIGN_CHECKPOINT_SINK$/;

/** What of a value may be seen by whoever reads a terminal or a log. */
export function shownValue(variable: string, value: string): string {
  if (URL_VARIABLES.test(variable)) return value.split(',').map(shownUrl).join(',');
  const isHidden = looksSecret(variable) || Object.keys(OTHER_VARIABLES).some((one) => isPrefixOf(one, variable));
  return isHidden ? SECRET : value;
}

/** Passwords may stand before the host and in the query. */
function shownUrl(text: string): string {
  const url = URL.parse(text.trim());
  if (url === null) return SECRET;
  const user = url.username === '' ? '' : `${url.username}${url.password === '' ? '' : ':***'}@`;
  return `${url.protocol}//${user}${url.host}${url.pathname}${url.search === '' ? '' : '?***'}`;
}

const isPrefixOf = (prefix: string, variable: string): boolean => prefix.endsWith('_') && variable.startsWith(prefix);

export function explainConfig(
  { environment, project }: { environment: Environment; project: ProjectFile | undefined } = configurationSources(),
): ExplainedConfig {
  const given = environment as Readonly<Record<string, string>>;
  const temporal = readTemporal({ ...project?.variables, ...given });
  const profile = given['TEMPORAL_PROFILE'] ?? 'default';
  const explain = (variable: string, fallback: string): ExplainedVariable => {
    const base = { variable, fallback: plain(fallback) };
    const own = given[variable];
    const ofFile = project?.variables[variable];
    if (own !== undefined) return { ...base, value: shownValue(variable, own), source: 'environment' };
    if (project && ofFile) return { ...base, value: shownValue(variable, ofFile), source: 'file', from: project.path };
    if (variable === 'TEMPORAL_ADDRESS' && temporal.fromProfile.address)
      return { ...base, value: temporal.endpoint?.address ?? null, source: 'profile', from: profile };
    if (variable === 'TEMPORAL_NAMESPACE' && temporal.fromProfile.namespace)
      return { ...base, value: temporal.namespace, source: 'profile', from: profile };
    return { ...base, value: null, source: 'default' };
  };
  const prefixed = Object.keys(given).filter((name) =>
    Object.keys(OTHER_VARIABLES).some((one) => isPrefixOf(one, name)),
  );
  const homes = Object.entries(OTHER_VARIABLES).filter(([name]) => !name.endsWith('_'));
  return {
    variables: [
      ...environmentSchema.keyof().options.map((name) => explain(name, VARIABLE_NOTES[name].fallback)),
      ...homes.map(([name, { fallback }]) => explain(name, fallback)),
      ...prefixed.toSorted().map((name) => explain(name, 'none')),
    ],
    faults: faultsOf(given, project),
  };
}

function faultsOf(environment: Environment, project: ProjectFile | undefined): readonly string[] {
  try {
    loadConfig(environment, project);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
}

/** Markdown as people read it. */
const plain = (markdown: string): string => markdown.replaceAll(/\[([^\]]+)\]\([^)]+\)/g, '$1').replaceAll('`', '');
