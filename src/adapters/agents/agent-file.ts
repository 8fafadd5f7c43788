/** An agent as a YAML or JSON file: what an author may write. */
import { z } from 'zod';
import { ruleSchema } from '../../domain/policy/policy-schema.ts';
import { AgentDefinition, Execution } from '../../domain/schemas/agent.ts';
import { McpServers } from '../mcp/server-options.ts';
import { ModelParameters } from '../models/model-port.ts';
import { BUILT_IN_TOOLS, ConfiguredTool } from '../tools/built-in-tools.ts';

/** Relative to the file that names it. */
const FilePath = z.string().min(1).max(1_000);

/** Something that a TypeScript or JavaScript module exports. */
const ModuleExport = z.strictObject({
  module: FilePath.describe('Path of the module, relative to this file'),
  export: z.string().min(1).max(200).optional().describe('Name of the export; every tool of the module without it'),
});
export type ModuleExport = z.infer<typeof ModuleExport>;

/** Fields of the definition that a file says as they are; those that come to it come to files too. */
const {
  name,
  model,
  execution: _,
  ...declared
} = AgentDefinition.omit({
  v: true,
  instructions: true,
  parameters: true,
  tools: true,
  policy: true,
  policyDigest: true,
  sequence: true,
  hideIntermediate: true,
}).shape;

/** Another agent: a file, or what a module exports. */
const AgentReference = z.union([z.strictObject({ file: FilePath }), ModuleExport.required({ export: true })]);
export type AgentReference = z.infer<typeof AgentReference>;

export const AgentFile = z
  .strictObject({
    $schema: z.string().optional().describe('For editors; not part of the agent'),
    name: name.describe('By which runs are started'),
    ...z.object(declared).partial().shape,
    execution: Execution.optional().describe(
      'What drives its runs: a workflow that waits for people (durable, the default), or the request (classic)',
    ),
    model: model.optional().describe("provider/model; the deployment's without it, or else the script"),
    parameters: ModelParameters.optional().describe('Passed to the model: temperature, maxOutputTokens and the like'),
    instructions: z
      .union([z.string().max(262_144), z.strictObject({ file: FilePath })])
      .describe('What the model is told at the start, or {file: path} with the text'),
    tools: z
      .array(z.union([z.enum(BUILT_IN_TOOLS), ...ConfiguredTool.options, ModuleExport]))
      .max(256)
      .optional()
      .describe('Names of built-in tools, those that need options with them, and exports of modules'),
    transfers: z
      .array(AgentReference)
      .max(32)
      .optional()
      .describe('Agents that it may hand the rest of its run to; each is a tool, transfer_to_<name>'),
    sequence: z
      .array(AgentReference)
      .max(32)
      .optional()
      .describe('Agents that go on with the run, in this order, each once the one before is done'),
    hideIntermediate: z
      .boolean()
      .optional()
      .describe('Of a sequence: readers of the run are shown the words of its last agent only'),
    mcpServers: McpServers.optional().describe('MCP servers by name, whose tools it has, too'),
    policy: z
      .array(ruleSchema)
      .max(1_000)
      .optional()
      .describe("Rules of the agent's layer: which calls run, ask or are denied"),
    script: z
      .strictObject({ module: FilePath, export: z.string().min(1).max(200) })
      .optional()
      .describe('A scripted model, under scripted/<name of the agent>: for tests, and where there is no provider'),
  })
  .meta({ title: 'Countersign agent' });
export type AgentFile = z.output<typeof AgentFile>;
