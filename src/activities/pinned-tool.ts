/** The tool that a pinned definition means, as this worker has it. */
import type { Tool } from '../adapters/tools/tool.ts';
import type { ToolDefinition } from '../domain/schemas/agent.ts';
import type { StepDependencies } from './dependencies.ts';

export const pinnedTool = (
  { tools, serverTool }: Pick<StepDependencies, 'tools' | 'serverTool'>,
  agent: string,
  definition: ToolDefinition,
): Tool | undefined => tools.get(definition.definitionDigest) ?? serverTool(agent, definition);
