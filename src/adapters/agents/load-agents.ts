import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import { DefinitionError } from '../tools/definition-error.ts';
import { defineAgent } from './define-agent.ts';
import type { AgentSource } from './define-agent.ts';

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

/** What a module of agents exports: `export const agents: AgentsExport = (options) => [defineAgent({ … })]`. */
export type AgentsExport = (options: AgentModuleOptions) => readonly AgentSource[];

export interface LoadedAgent {
  readonly source: AgentSource;
  /** The module it came from. */
  readonly path: string;
}

const callable = z.custom<(...args: never[]) => unknown>((value) => typeof value === 'function', 'must be a function');

const Module = z.object({ agents: callable });
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

/** Imports modules of agents. Throws a {@link DefinitionError} that names module and place of every fault. */
export async function loadAgentModules(
  paths: readonly string[],
  options: AgentModuleOptions,
): Promise<readonly LoadedAgent[]> {
  const loaded: LoadedAgent[] = [];
  for (const path of paths) {
    for (const source of await loadModule(path, options)) {
      const other = loaded.find((agent) => agent.source.name === source.name);
      if (other !== undefined) {
        throw new DefinitionError([`${path}: the agent ${source.name} is already defined by ${other.path}`]);
      }
      loaded.push({ source, path });
    }
  }
  return loaded;
}

async function loadModule(path: string, options: AgentModuleOptions): Promise<readonly AgentSource[]> {
  const imported: unknown = await import(pathToFileURL(resolve(path)).href).catch((error: unknown) => {
    throw new DefinitionError([`${path}: cannot be imported: ${messageOf(error)}`]);
  });
  const module = Module.safeParse(imported);
  if (!module.success) throw new DefinitionError(faultsOf(path, '', module.error));
  let sources: unknown;
  try {
    sources = (module.data.agents as (options: AgentModuleOptions) => unknown)(options);
  } catch (error) {
    const faults = error instanceof DefinitionError ? error.faults : [`agents: ${messageOf(error)}`];
    throw new DefinitionError(faults.map((fault) => `${path}: ${fault}`));
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

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
