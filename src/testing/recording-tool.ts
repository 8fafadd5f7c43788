/** A tool that remembers how often it was really entered, and with what: effects are counted at the tool. */
import { z } from 'zod';
import type { JsonValue } from '../domain/arguments/json-value.ts';
import { defineTool } from '../adapters/tools/tool.ts';
import type { Tool, ToolContext, ToolOptions } from '../adapters/tools/tool.ts';

export interface RecordedCall {
  readonly arguments: JsonValue;
  readonly effectKey: string;
}

export interface RecordingTool {
  readonly tool: Tool;
  readonly calls: readonly RecordedCall[];
  /** Those that one run has made. */
  callsOf(runId: string): readonly RecordedCall[];
}

export interface RecordingToolOptions extends Partial<Omit<ToolOptions<z.ZodType>, 'execute'>> {
  /** What the tool does once its call is recorded; it returns `{ok: true}` without. */
  readonly run?: (args: JsonValue, context: ToolContext) => Promise<JsonValue>;
}

const AnyText = z.strictObject({ text: z.string().optional() });

export const recordingTool = (name: string, options: RecordingToolOptions = {}): RecordingTool => {
  const calls: RecordedCall[] = [];
  const { run, input = AnyText, description = `Test tool ${name}.`, ...rest } = options;
  const tool = defineTool({
    ...rest,
    name,
    description,
    input,
    async execute(args, context) {
      calls.push({ arguments: args as JsonValue, effectKey: context.effectKey });
      return run ? run(args as JsonValue, context) : { ok: true };
    },
  });
  return { tool, calls, callsOf: (runId) => calls.filter(({ effectKey }) => effectKey.includes(runId)) };
};
