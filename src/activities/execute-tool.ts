/** Calls the tool and turns whatever it does into an outcome. What it returns or says goes into blobs. */
import { canonicalJson } from '../domain/arguments/canonical-json.ts';
import type { JsonValue } from '../domain/arguments/canonical-json.ts';
import type { BlobRef } from '../domain/schemas/names.ts';
import type { RunToolInput, ToolOutcome } from '../domain/schemas/step.ts';
import { createRedactor } from '../adapters/credentials/redactor.ts';
import { OutcomeUnknownError } from '../adapters/tools/outcome-unknown.ts';
import { ToolError } from '../adapters/tools/tool.ts';
import { lazyWorkspace } from '../adapters/workspace/lazy-workspace.ts';
import { makeBlob } from '../store/blobs.ts';
import type { NewBlob } from '../store/blobs.ts';
import { mediaOf } from '../store/media.ts';
import type { NewMedia } from '../store/media.ts';
import type { StepDependencies } from './dependencies.ts';
import { isTakenAway, takenAway } from './heartbeats.ts';
import { createProgress } from './tell-progress.ts';
import type { ReadyCall } from './with-credential.ts';
import { TimeIsOverError, withinTime } from './within-time.ts';

/** A result that no model can read whole is a fault of the tool. */
const MAX_RESULT_CHARACTERS = 1_048_576;

export interface Executed {
  readonly outcome: ToolOutcome;
  /** What the outcome refers to; absent where it is stored already. */
  readonly blob?: NewBlob;
  /** What the result names. */
  readonly attached: readonly NewBlob[];
  /** Of these, what is media. */
  readonly media?: readonly NewMedia[];
}

export const failed = (code: string, text: string): Executed => {
  const blob = makeBlob({ text });
  return { outcome: { type: 'failed', code, reasonRef: blob.ref }, blob, attached: [] };
};

export const completed = (
  result: JsonValue,
  attached: readonly NewBlob[] = [],
  media: readonly NewMedia[] = [],
): Executed => {
  if (canonicalJson(result).length > MAX_RESULT_CHARACTERS)
    return failed('result_too_large', 'The tool ran, but its result is too large to be shown.');
  const blob = makeBlob({ result });
  return { outcome: { type: 'completed', resultRef: blob.ref }, blob, attached, media };
};

export interface Execution {
  readonly input: RunToolInput;
  readonly call: ReadyCall;
  readonly effectKey: string;
  readonly state: JsonValue;
  readonly signal: AbortSignal;
}

const FAILURES: Readonly<Record<string, string>> = {
  tool_timed_out: 'The tool took longer than it may, and was stopped.',
};

const codeOf = (error: unknown, signal: AbortSignal): string => {
  if (error instanceof TimeIsOverError) return 'tool_timed_out';
  if (error instanceof ToolError) return error.code;
  return signal.aborted ? 'tool_stopped' : 'tool_failed';
};

const isCutOff = (code: string, error: unknown): boolean =>
  code === 'tool_stopped' || code === 'tool_timed_out' || error instanceof OutcomeUnknownError;

/** Undefined where a tool whose effect may happen only once was cut off. */
export const executeTool = async (
  dependencies: StepDependencies,
  { input, call, effectKey, state, signal }: Execution,
): Promise<Executed | undefined> => {
  const { openWorkspace, logger, fetch } = dependencies;
  const { tenant, project, runId } = input.run;
  const ids = { runId, toolCallId: input.toolCallId, tool: input.tool };
  const { credential } = call;
  const redactor = createRedactor(credential);
  const secret = credential && { credential: credential.value };
  const attached: NewBlob[] = [];
  const media: NewMedia[] = [];
  const attach = (value: JsonValue): BlobRef => {
    const kept = redactor.value(value);
    const blob = makeBlob(kept);
    attached.push(blob);
    media.push(...[mediaOf(kept, blob) ?? []].flat());
    return blob.ref;
  };
  const progress = createProgress(dependencies, input, effectKey);
  logger.info(ids, 'tool.execution_started');
  try {
    const workspace = lazyWorkspace(() => openWorkspace({ tenant, project }, runId));
    const result = await withinTime(call.tool.timeoutMs, signal, (inTime) =>
      call.tool.execute(call.arguments, {
        effectKey,
        signal: inTime,
        runId,
        workspace,
        state,
        fetch,
        attach,
        progress,
        ...secret,
      }),
    );
    logger.info(ids, 'tool.execution_completed');
    return completed(redactor.value(result), attached, media);
  } catch (error) {
    const code = redactor.text(codeOf(error, signal));
    logger.warn({ ...ids, code }, 'tool.execution_failed');
    // Cut off, by a deploy, a cancel, its time or a lost line: whether what it had begun took effect, nobody knows.
    if (isCutOff(code, error) && call.tool.effect === 'once') return undefined;
    // What may be done again is, on a worker that stays.
    if (call.tool.effect !== 'once' && code !== 'tool_timed_out' && isTakenAway()) throw takenAway();
    // Only what a tool says on purpose is passed on: other errors may hold anything.
    return failed(
      code,
      error instanceof ToolError ? redactor.text(error.message) : (FAILURES[code] ?? 'The tool failed.'),
    );
  }
};
