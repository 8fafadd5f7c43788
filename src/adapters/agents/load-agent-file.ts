/** Agents in YAML and JSON files. Every fault is named with the file and the line. */
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { z } from 'zod';
import type { RuleInput } from '../../domain/policy/policy-schema.ts';
import type { ModelPort } from '../models/model-port.ts';
import { builtInTool, configuredTool } from '../tools/built-in-tools.ts';
import { DefinitionError } from '../tools/definition-error.ts';
import { isTool } from '../tools/tool.ts';
import type { Tool } from '../tools/tool.ts';
import { AgentFile } from './agent-file.ts';
import type { AgentReference, ModuleExport } from './agent-file.ts';
import { defineAgent } from './define-agent.ts';
import type { AgentSource } from './define-agent.ts';
import { readPlacedFile } from './file-places.ts';
import type { PlacedFile } from './file-places.ts';
import { importModule, messageOf } from './import-module.ts';
import type { ImportOptions, Loading } from './import-module.ts';
import type { AgentModuleOptions } from './load-agents.ts';

export const isAgentFile = (path: string): boolean => /\.(ya?ml|json)$/i.test(path);

/** Throws a {@link DefinitionError} that names every fault. */
export async function loadAgentFile(
  path: string,
  options: AgentModuleOptions,
  loading?: Loading,
  namedBy: readonly string[] = [],
): Promise<AgentSource> {
  loading?.files.add(resolve(path));
  const reading = await readPlacedFile(path, resolve(path));
  if (!reading.ok) throw new DefinitionError(reading.faults);
  const { file } = reading;
  const parsed = AgentFile.safeParse(file.value);
  if (!parsed.success) throw new DefinitionError(faultsOf(file, parsed.error));

  const { $schema: _, instructions, tools: references = [], policy: __, script, model, ...rest } = parsed.data;
  const { transfers = [], sequence = [], ...declared } = rest;
  const faults: string[] = [];
  const attempt = async <T>(at: readonly PropertyKey[], work: () => T | Promise<T>): Promise<T | undefined> => {
    try {
      return await work();
    } catch (error) {
      const found = error instanceof DefinitionError ? error.faults : [messageOf(error)];
      faults.push(...found.map((fault) => `${file.place(at)}: ${at.join('.')}: ${fault}`));
      return undefined;
    }
  };

  const place = { from: dirname(resolve(path)), loading, within: [...namedBy, resolve(path)] };
  const text = await attempt(['instructions'], () => readInstructions(instructions, place));
  const tools: Tool[] = [];
  for (const [index, reference] of references.entries()) {
    const found = await attempt(['tools', index], async () => {
      if (typeof reference === 'string') return [builtInTool(reference, options)];
      return 'module' in reference ? importTools(reference, place) : [configuredTool(reference)];
    });
    tools.push(...(found ?? []));
  }
  const agentsOf = async (field: string, given: readonly AgentReference[]): Promise<readonly AgentSource[]> => {
    const found: AgentSource[] = [];
    for (const [index, reference] of given.entries()) {
      const agent = await attempt([field, index], () => importAgent(reference, place, options));
      if (agent) found.push(agent);
    }
    return found;
  };
  const others = {
    transfers: await agentsOf('transfers', transfers),
    sequence: await agentsOf('sequence', sequence),
  };
  const port = script && (await attempt(['script'], () => importScript(script, place)));
  const chosen = model ?? options.model ?? (script && `scripted/${declared.name}`);
  if (chosen === undefined) {
    faults.push(`${file.place([])}: model: name one, or a script, or set the deployment's (COUNTERSIGN_MODEL)`);
  }
  if (faults.length > 0 || chosen === undefined || text === undefined) throw new DefinitionError(faults);
  const agent = {
    ...withoutUndefined(declared),
    ...others,
    name: declared.name,
    model: chosen,
    instructions: text,
    tools,
    // As they are written: what is pinned is the policy's to say.
    policy: (file.value as { policy?: readonly RuleInput[] }).policy ?? [],
    scripts: port ? { [declared.name]: port } : {},
  };
  try {
    return defineAgent(agent);
  } catch (error) {
    if (!(error instanceof DefinitionError)) throw error;
    const prefix = `agents.${declared.name}.`;
    throw new DefinitionError(
      error.faults.map((fault) => {
        const plain = fault.startsWith(prefix) ? fault.slice(prefix.length) : fault;
        return `${file.place([plain.split(/[.:]/, 1)[0] ?? ''])}: ${plain}`;
      }),
    );
  }
}

type FilePlace = ImportOptions & {
  readonly from: string;
  /** This file, and those that have named it. */
  readonly within: readonly string[];
};

const readInstructions = async (given: AgentFile['instructions'], { from, loading }: FilePlace): Promise<string> => {
  if (typeof given === 'string') return given;
  const path = resolve(from, given.file);
  loading?.files.add(path);
  return readFile(path, 'utf8').catch(() => {
    throw new DefinitionError([`${given.file} cannot be read`]);
  });
};

/** A tool, or a function that makes one; every one of the module where none is named. */
async function importTools(reference: ModuleExport, place: FilePlace): Promise<readonly Tool[]> {
  const module = await importModule(reference.module, place);
  if (reference.export === undefined) {
    const tools = Object.values(module).filter(isTool);
    if (tools.length === 0) throw new DefinitionError([`${reference.module} exports no tool; name what makes one`]);
    return tools;
  }
  const exported = module[reference.export];
  const made: unknown = typeof exported === 'function' ? await (exported as () => unknown)() : exported;
  if (!isTool(made)) throw new DefinitionError([`${reference.module} exports no tool ${reference.export}`]);
  return [made];
}

/** Files that name each other in a circle would never be read. */
async function importAgent(
  reference: AgentReference,
  place: FilePlace,
  options: AgentModuleOptions,
): Promise<AgentSource> {
  if ('file' in reference) {
    const path = resolve(place.from, reference.file);
    if (place.within.includes(path)) throw new DefinitionError([`${reference.file} names this file in turn`]);
    return loadAgentFile(path, options, place.loading, place.within);
  }
  const exported = (await importModule(reference.module, place))[reference.export];
  const isAgent =
    typeof exported === 'object' && exported !== null && 'instructions' in exported && 'tools' in exported;
  if (!isAgent) throw new DefinitionError([`${reference.module} exports no agent ${reference.export}`]);
  return exported as AgentSource;
}

async function importScript(
  reference: { readonly module: string; readonly export: string },
  place: FilePlace,
): Promise<ModelPort> {
  const exported = (await importModule(reference.module, place))[reference.export];
  const isModel = typeof exported === 'object' && exported !== null && 'generate' in exported;
  if (!isModel) throw new DefinitionError([`${reference.module} exports no model ${reference.export}`]);
  return exported as ModelPort;
}

const faultsOf = (file: PlacedFile, { issues }: z.ZodError): string[] =>
  issues.flatMap((issue) => faultsIn(file, issue));

/** One fault for each unknown key, at the key's own line. Of several forms, the one whose fields were written counts. */
function faultsIn(file: PlacedFile, issue: z.core.$ZodIssue, from: readonly PropertyKey[] = []): string[] {
  const path = [...from, ...issue.path];
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => faultAt(file, [...path, key], 'there is no such field'));
  const meant =
    issue.code === 'invalid_union'
      ? issue.errors.find((form) => form.every((one) => one.path.length > 0 && !isLacking(one)))
      : undefined;
  return meant ? meant.flatMap((one) => faultsIn(file, one, path)) : [faultAt(file, path, issue.message)];
}

/** The field itself is not there. */
const isLacking = (issue: z.core.$ZodIssue): boolean =>
  issue.code === 'invalid_type' && issue.path.length === 1 && issue.input === undefined;

const faultAt = (file: PlacedFile, path: readonly PropertyKey[], message: string): string =>
  `${file.place(path)}: ${path.length === 0 ? '' : `${path.map(String).join('.')}: `}${message}`;

const withoutUndefined = (value: object): object =>
  Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined));
