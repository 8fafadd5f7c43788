import { z } from 'zod';
import { DefinitionError } from '../tools/definition-error.ts';
import { defineAgent } from './define-agent.ts';
import type { AgentSource } from './define-agent.ts';
import { importModule, messageOf } from './import-module.ts';
import type { Loading } from './import-module.ts';
import { isAgentFile, loadAgentFile } from './load-agent-file.ts';

/** What a module of agents may know about the deployment it is loaded into. */
export interface AgentModuleOptions {
  /** The deployment's model; an agent may have one of its own. */
  readonly model?: string | undefined;
  /** Path of the git repository that agents work on by default. */
  readonly repository: string;
  /** Directory of other repositories that an input may name. */
  readonly repositoriesRoot?: string | undefined;
  /** Directories that no tool may read, such as the one with keys. */
  readonly forbidden?: readonly string[] | undefined;
}

/** What a module of agents exports: `export const agents: AgentsExport = (options) => [defineAgent({ … })]`, or a list. */
export type AgentsExport = (options: AgentModuleOptions) => readonly AgentSource[];

export interface LoadedAgent {
  readonly source: AgentSource;
  /** The module it came from. */
  readonly path: string;
}

const callable = z.custom<(...args: never[]) => unknown>((value) => typeof value === 'function', 'must be a function');

const Module = z.object({
  agents: z.union([callable, z.array(z.unknown())], 'must be a function, or a list of agents'),
});
const Sources = z
  .array(
    z.object({
      name: z.string(),
      model: z.string(),
      instructions: z.string(),
      tools: z.array(z.object({ name: z.string(), input: z.instanceof(z.ZodType), execute: callable })),
      policy: z.array(z.object({})),
      scripts: z.record(z.string(), z.object({ generate: callable })),
    }),
  )
  .min(1, 'must have at least one agent');

/** Loads modules and YAML or JSON files of agents. Throws a {@link DefinitionError} that names the place of every fault. */
export async function loadAgentModules(
  paths: readonly string[],
  options: AgentModuleOptions,
  loading?: Loading,
): Promise<readonly LoadedAgent[]> {
  const loaded: LoadedAgent[] = [];
  const faults: string[] = [];
  for (const path of paths) {
    const sources = await loadPath(path, options, loading).catch((error: unknown) => {
      if (!(error instanceof DefinitionError)) throw error;
      faults.push(...error.faults);
      return [];
    });
    for (const source of sources) {
      const other = loaded.find((agent) => agent.source.name === source.name);
      if (other !== undefined) faults.push(`${path}: the agent ${source.name} is already defined by ${other.path}`);
      loaded.push({ source, path });
    }
  }
  if (faults.length > 0) throw new DefinitionError(faults);
  return loaded;
}

const loadPath = async (
  path: string,
  options: AgentModuleOptions,
  loading: Loading | undefined,
): Promise<readonly AgentSource[]> =>
  isAgentFile(path) ? [await loadAgentFile(path, options, loading)] : loadModule(path, options, loading);

async function loadModule(
  path: string,
  options: AgentModuleOptions,
  loading: Loading | undefined,
): Promise<readonly AgentSource[]> {
  const module = Module.safeParse(await importModule(path, { loading }));
  if (!module.success) throw new DefinitionError(faultsOf(path, '', module.error));
  const { agents } = module.data;
  let sources: unknown = agents;
  if (typeof agents === 'function') {
    try {
      sources = (agents as (options: AgentModuleOptions) => unknown)(options);
    } catch (error) {
      const faults = error instanceof DefinitionError ? error.faults : [`agents: ${messageOf(error)}`];
      throw new DefinitionError(faults.map((fault) => `${path}: ${fault}`));
    }
  }
  const checked = Sources.safeParse(sources);
  if (!checked.success) throw new DefinitionError(faultsOf(path, 'agents()', checked.error));
  return (sources as readonly AgentSource[]).map((source) => {
    try {
      // Checked again: a module may have made its agents by hand.
      return defineAgent(source);
    } catch (error) {
      if (error instanceof DefinitionError) throw new DefinitionError(error.faults.map((fault) => `${path}: ${fault}`));
      throw error;
    }
  });
}

const faultsOf = (path: string, prefix: string, error: z.ZodError): string[] =>
  error.issues.map((issue) => {
    const place = issue.path.map((segment) => (typeof segment === 'number' ? `[${segment}]` : `.${String(segment)}`));
    return `${path}: ${`${prefix}${place.join('')}`.replace(/^\./, '')}: ${issue.message}`;
  });
