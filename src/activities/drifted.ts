/** A tool is another than the run was started with: nothing runs, and an operator sees both. */
import { createRedactor } from '../adapters/credentials/redactor.ts';
import type { JsonValue } from '../domain/arguments/canonical-json.ts';
import type { ToolDefinition } from '../domain/schemas/agent.ts';
import { makeBlob, putBlobs } from '../store/blobs.ts';
import type { Store } from '../store/database.ts';
import type { StepDependencies } from './dependencies.ts';
import type { PinnedRun } from './pinned-run.ts';
import { refused } from './refused.ts';
import type { Refused } from './refused.ts';
import type { ReadyCall } from './with-credential.ts';

/** `current` is null where there is none of that name. */
export const drifted = async (
  store: Store,
  tenant: string,
  pinned: ToolDefinition,
  current: ToolDefinition | null,
): Promise<Refused> => {
  const blob = makeBlob(JSON.parse(JSON.stringify({ pinned, current })) as JsonValue);
  await putBlobs(store, tenant, [blob]);
  const has = current?.definitionDigest ?? 'none';
  const detail = `The run was started with ${pinned.name} as ${pinned.definitionDigest}; there is ${has} now.`;
  return refused('tool_drifted', detail, 'park', blob.ref);
};

/** Asks whoever provides the tool, where that is not this worker. */
export const unlessDrifted = async (
  { store, fetch }: Pick<StepDependencies, 'store' | 'fetch'>,
  { start, definition }: PinnedRun,
  call: ReadyCall,
  signal: AbortSignal,
): Promise<ReadyCall | Refused> => {
  const { tool, credential } = call;
  const pinned = definition.tools.find((one) => one.name === tool.name);
  if (!tool.current || !pinned) return call;
  const current = await tool.current({ fetch, signal, ...(credential && { credential: credential.value }) });
  if (current === undefined || current?.definitionDigest === pinned.definitionDigest) return call;
  // A server may repeat what it was shown.
  const shown = createRedactor(credential).value(JSON.parse(JSON.stringify(current)) as JsonValue);
  return drifted(store, start.tenant, pinned, shown as ToolDefinition | null);
};
