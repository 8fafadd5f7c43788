/** A small agent that follows a script. */
import { defineAgent } from '../adapters/agents/define-agent.ts';
import type { AgentOptions, AgentSource } from '../adapters/agents/define-agent.ts';
import { scriptedModel } from '../adapters/models/scripted-model.ts';
import type { ScriptedModelOptions, ScriptedStep } from '../adapters/models/scripted-model.ts';
import type { Tool } from '../adapters/tools/tool.ts';
import type { RecordingTool } from './recording-tool.ts';

export interface TestAgentOptions extends Partial<Omit<AgentOptions, 'tools' | 'scripts'>> {
  readonly script: readonly ScriptedStep[];
  readonly tools?: readonly (RecordingTool | Tool)[];
  readonly streaming?: ScriptedModelOptions;
}

/** Named `helper` unless it is given a name. Without rules of its own every call asks. */
export const testAgent = (options: TestAgentOptions): AgentSource => {
  const { script, tools = [], streaming, name = 'helper', ...rest } = options;
  return defineAgent({
    model: `scripted/${name}`,
    instructions: 'Follow the script.',
    ...rest,
    name,
    tools: tools.map((one) => ('tool' in one ? one.tool : one)),
    scripts: { [name]: scriptedModel(script, streaming) },
  });
};
