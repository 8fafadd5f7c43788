import type { z } from 'zod';
import { ConfigError } from '../config-error.ts';
import { readProjectFile } from '../project-file.ts';
import type { ProjectFile } from '../project-file.ts';
import { processEnvironment, withoutEmpty } from './environment.ts';
import type { Environment } from './environment.ts';
import { faultsBetween } from './faults-between.ts';
import { environmentSchema } from './environment-schema.ts';

/** The file of the project that this process was started in. */
export const projectFile = (): ProjectFile | undefined => readProjectFile(environmentSchema);

/** What the environment sets, and what the project's file does beside it. */
export const mergedVariables = (environment: Environment, project: ProjectFile | undefined): Record<string, string> =>
  withoutEmpty({ ...project?.variables, ...withoutEmpty(environment) });

/** All that the configuration is read from: for whoever explains it. */
export const configurationSources = (environment: Environment = processEnvironment()) => ({
  environment: withoutEmpty(environment),
  project: projectFile(),
});

/** By the environment, and by the project's file beside it. Throws a {@link ConfigError} that lists all faults. */
export function readVariables<Schema extends z.ZodObject>(
  schema: Schema,
  environment: Environment,
  project: ProjectFile | undefined,
): z.output<Schema> {
  const given = withoutEmpty(environment);
  const variables = mergedVariables(environment, project);
  const faults = [...(project?.faults ?? [])];
  if (project && 'COUNTERSIGN_AGENTS' in schema.shape && variables['COUNTERSIGN_AGENTS'] === undefined)
    faults.push(`${project.path}: agents is needed: the modules and files with the project's agents`);
  const parsed = schema.safeParse(variables);
  for (const { path, message } of parsed.error?.issues ?? []) {
    const name = path.join('.');
    faults.push(`${(name in given ? undefined : project?.keyOf(name)) ?? name} ${message}`);
  }
  if ('TEMPORAL_ADDRESS' in schema.shape) faults.push(...faultsBetween(variables));
  if (faults.length > 0 || !parsed.success) throw new ConfigError(faults);
  return parsed.data;
}
