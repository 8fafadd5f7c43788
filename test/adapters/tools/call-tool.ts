import { expect } from 'vitest';
import { ToolError } from '../../../src/adapters/tools/tool.ts';
import type { Tool, ToolContext } from '../../../src/adapters/tools/tool.ts';
import type { Workspace } from '../../../src/adapters/workspace/workspace.ts';
import { makeBlob } from '../../../src/store/blobs.ts';
import { createGuardedFetch } from '../../../src/platform/outgoing/guarded-fetch.ts';
import type { JsonValue } from '../../../src/domain/arguments/json-value.ts';
import { validateArguments } from '../../../src/domain/arguments/validate-arguments.ts';

const noWorkspace: Workspace = {
  read: () => Promise.reject(new Error('no workspace')),
  write: () => Promise.reject(new Error('no workspace')),
  receipt: () => Promise.reject(new Error('no workspace')),
  list: () => Promise.reject(new Error('no workspace')),
  directory: () => Promise.reject(new Error('no workspace')),
};

/** Calls a tool as the gate does: arguments validated first, frozen after. */
export async function callTool(tool: Tool, args: JsonValue, context: Partial<ToolContext> = {}): Promise<JsonValue> {
  const valid = validateArguments(tool.input, args);
  if (!valid.ok) throw new ToolError('invalid_arguments', JSON.stringify(valid.faults));
  return tool.execute(valid.value, {
    effectKey: 'key',
    runId: `run_${'a'.repeat(26)}`,
    signal: new AbortController().signal,
    workspace: noWorkspace,
    state: {},
    fetch: createGuardedFetch([]),
    attach: (value) => makeBlob(value).ref,
    progress: () => {},
    ...context,
  });
}

/** The code with which a tool refuses. */
export async function refusalOf(call: Promise<unknown>): Promise<string> {
  const error: unknown = await call.then(
    () => new Error('it was not refused'),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ToolError);
  return (error as ToolError).code;
}
