/** Calls the tool and turns whatever it does into an outcome. What it returns or says goes into blobs. */
import { canonicalJson } from '../domain/arguments/canonical-json.ts';
import type { JsonValue } from '../domain/arguments/canonical-json.ts';
import type { RunToolInput, ToolOutcome } from '../domain/schemas/step.ts';
import { ToolError } from '../adapters/tools/tool.ts';
import { lazyWorkspace } from '../adapters/workspace/lazy-workspace.ts';
import { makeBlob } from '../store/blobs.ts';
import type { NewBlob } from '../store/blobs.ts';
import type { StepDependencies } from './dependencies.ts';
import type { ProvenCall } from './prove-dispatch.ts';

/** A result that no model can read whole is a fault of the tool. */
const MAX_RESULT_CHARACTERS = 1_048_576;

export interface Executed {
  readonly outcome: ToolOutcome;
  readonly blob: NewBlob;
}

export const failed = (code: string, text: string): Executed => {
  const blob = makeBlob({ text });
  return { outcome: { type: 'failed', code, reasonRef: blob.ref }, blob };
};

export const completed = (result: JsonValue): Executed => {
  if (canonicalJson(result).length > MAX_RESULT_CHARACTERS)
    return failed('result_too_large', 'The tool ran, but its result is too large to be shown.');
  const blob = makeBlob({ result });
  return { outcome: { type: 'completed', resultRef: blob.ref }, blob };
};

export interface Execution {
  readonly input: RunToolInput;
  readonly call: ProvenCall;
  readonly effectKey: string;
  readonly state: JsonValue;
  readonly signal: AbortSignal;
}

/** Undefined where a tool whose effect may happen only once was cut off. */
export const executeTool = async (
  { openWorkspace, logger }: StepDependencies,
  { input, call, effectKey, state, signal }: Execution,
): Promise<Executed | undefined> => {
  const { tenant, project, runId } = input.run;
  const ids = { runId, toolCallId: input.toolCallId, tool: input.tool };
  logger.info(ids, 'tool.execution_started');
  try {
    const workspace = lazyWorkspace(() => openWorkspace({ tenant, project }, runId));
    const result = await call.tool.execute(call.arguments, { effectKey, signal, runId, workspace, state });
    logger.info(ids, 'tool.execution_completed');
    return completed(result);
  } catch (error) {
    const code = error instanceof ToolError ? error.code : signal.aborted ? 'tool_stopped' : 'tool_failed';
    logger.warn({ ...ids, code }, 'tool.execution_failed');
    // Cut off, by a deploy or a cancel: whether what it had begun took effect, nobody knows.
    if (code === 'tool_stopped' && call.tool.effect === 'once') return undefined;
    // Only what a tool says on purpose is passed on: other errors may hold anything.
    return failed(code, error instanceof ToolError ? error.message : 'The tool failed.');
  }
};
