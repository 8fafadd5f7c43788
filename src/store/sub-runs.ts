/** Rows of sub-runs: made by the gate, for calls that another agent carries out. */
import type { AgentDefinition } from '../domain/schemas/agent.ts';
import type { Scope } from '../domain/schemas/names.ts';
import { Usage } from '../domain/schemas/run.ts';
import { blobParameters, rememberBlobs } from './blobs.ts';
import type { NewBlob } from './blobs.ts';
import { execute } from './database.ts';
import type { Store } from './database.ts';
import { definitionBody } from './definitions.ts';
import { readEvents } from './events.ts';
import { rowOf } from './run-rows.ts';
import type { NewRun } from './run-rows.ts';

export interface NewSubRun extends NewRun {
  readonly parentRunId: string;
  readonly parentCallId: string;
}

/** `conflict`: a row of this id is there that does not follow from its parent. */
export type CreateSubRunOutcome = 'created' | 'existing' | 'conflict' | 'too_many' | 'run_over';

const CREATE = { name: 'create_sub_run_1', text: 'SELECT * FROM create_sub_run($1, $2, $3, $4, $5)' };

export interface SubRunParts {
  readonly definition: AgentDefinition;
  readonly blobs: readonly NewBlob[];
  /** How many there may be below the root. */
  readonly maxSubRuns: number;
}

/** Row, definition and input in one statement. Safe to repeat. */
export async function createSubRun(
  store: Store,
  run: NewSubRun,
  { definition, blobs, maxSubRuns }: SubRunParts,
): Promise<CreateSubRunOutcome> {
  const row = { ...rowOf(run), parent_run_id: run.parentRunId, parent_call_id: run.parentCallId };
  const [answer] = (await execute(store, CREATE, [
    JSON.stringify(row),
    maxSubRuns,
    definitionBody(definition),
    ...blobParameters(blobs),
  ])) as [{ outcome: CreateSubRunOutcome }];
  if (answer.outcome === 'created') rememberBlobs(store, run.tenant, blobs);
  return answer.outcome;
}

const PAGE = 1_000;

/** All that a run has used, that of its sub-runs included: each tells its own, and what those below it came to. */
export async function usageOf(
  store: Store,
  scope: Scope,
  { rootRunId, runId }: { readonly rootRunId: string; readonly runId: string },
): Promise<Usage> {
  const total = { inputTokens: 0, outputTokens: 0 };
  for (let after = 0; ;) {
    const events = await readEvents(store, scope, rootRunId, { after, limit: PAGE, runId });
    for (const { type, data, seq } of events) {
      const used = type === 'usage.recorded' ? Usage.safeParse(data).data : undefined;
      total.inputTokens += used?.inputTokens ?? 0;
      total.outputTokens += used?.outputTokens ?? 0;
      after = seq;
    }
    if (events.length < PAGE) return total;
  }
}
