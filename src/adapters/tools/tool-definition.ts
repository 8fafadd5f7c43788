import { canonicalJson } from '../../domain/arguments/canonical-json.ts';
import { digestOf } from '../../domain/core/digest.ts';
import type { ToolDefinition } from '../../domain/schemas/agent.ts';
import { inputJsonSchema } from './tool.ts';
import type { Tool } from './tool.ts';

/** The tool as it is pinned with a run. Consent binds to its digest: a tool that changed is another tool. */
export function toolDefinition(tool: Tool): ToolDefinition {
  const { name, source, description, effect, timeoutMs, annotations, role, compensation, credential, agent, queue } =
    tool;
  const inputSchema = tool.inputSchema ?? inputJsonSchema(tool.input);
  return {
    name,
    source,
    description,
    inputSchema,
    effect,
    timeoutMs,
    ...(queue === undefined ? {} : { queue }),
    ...(annotations === undefined ? {} : { annotations }),
    ...(role === undefined ? {} : { role }),
    ...(compensation === undefined ? {} : { compensation }),
    ...(agent === undefined ? {} : { agentDigest: agent.digest }),
    ...(credential === undefined ? {} : { credentialRef: credential }),
    definitionDigest: digestOf(
      canonicalJson({
        name,
        source,
        description,
        inputSchema,
        annotations: annotations ?? {},
        effect,
        ...(agent === undefined ? {} : { agentDigest: agent.digest }),
      }),
    ),
  };
}
