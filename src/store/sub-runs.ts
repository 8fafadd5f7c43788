/** Rows of sub-runs: made by the gate, for calls that another agent carries out. */
import { LRUCache } from 'lru-cache';
import { pathOf } from '../domain/core/sub-runs.ts';
import { StartCommand } from '../domain/schemas/command.ts';
import type { AgentDefinition } from '../domain/schemas/agent.ts';
import type { Scope } from '../domain/schemas/names.ts';
import { blobParameters, rememberBlobs } from './blobs.ts';
import type { NewBlob } from './blobs.ts';
import { execute } from './database.ts';
import type { Store } from './database.ts';
import { definitionBody } from './definitions.ts';
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

const PATHS = {
  name: 'read_paths_1',
  text: `SELECT r.run_id, r.start_bytes FROM runs r
    WHERE r.tenant = $1 AND r.project = $2 AND r.run_id = ANY ($3::text[])`,
};

/** By run: the agents from its root to it. They never change, so what was read once is kept. */
const paths = new LRUCache<string, readonly string[]>({ max: 10_000 });

/** The agents from the root to each of these runs; those that are not there are left out. */
export async function readPaths(
  store: Store,
  scope: Scope,
  runIds: readonly string[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const keyOf = (runId: string) => `${scope.tenant}/${scope.project}/${runId}`;
  const unknown = runIds.filter((runId) => !paths.has(keyOf(runId)));
  if (unknown.length > 0) {
    const rows = (await execute(store, PATHS, [scope.tenant, scope.project, unknown])) as {
      run_id: string;
      start_bytes: string;
    }[];
    for (const row of rows) paths.set(keyOf(row.run_id), pathOf(StartCommand.parse(JSON.parse(row.start_bytes))));
  }
  return new Map(
    runIds.flatMap((runId) => {
      const path = paths.get(keyOf(runId));
      return path ? [[runId, path] as const] : [];
    }),
  );
}
