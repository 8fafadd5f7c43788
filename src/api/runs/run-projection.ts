/**
 * A run as its own events tell it, folded by the same code as in the workflow: what the bridge binds a command to is what
 * the run will compare it with. Nothing asks a worker.
 */
import { LRUCache } from 'lru-cache';
import { evolve } from '../../domain/core/evolve.ts';
import { isWorkflowOrigin } from '../../domain/core/ids.ts';
import { newRunState } from '../../domain/core/state.ts';
import type { RunState } from '../../domain/core/state.ts';
import { pathOf } from '../../domain/core/sub-runs.ts';
import { RunLimits } from '../../domain/schemas/agent.ts';
import { StartCommand } from '../../domain/schemas/command.ts';
import { RunEvent } from '../../domain/schemas/event.ts';
import { editsAfter } from '../../domain/state/run-state.ts';
import type { DecidedEdits } from '../../domain/state/run-state.ts';
import type { Store } from '../../store/database.ts';
import { readEvents } from '../../store/events.ts';
import type { RunRow } from '../../store/run-rows.ts';

export interface RunProjection {
  /** The event up to which it is folded. */
  readonly seq: number;
  readonly state: RunState;
  /** Of decisions that won, in order. */
  readonly stateEdits: readonly DecidedEdits[];
}

const PAGE = 500;
const REMEMBERED = 1_000;

/** Each store has its own: the next call folds only what came since. */
const projections = new WeakMap<Store, LRUCache<string, RunProjection>>();

const cacheOf = (store: Store): LRUCache<string, RunProjection> => {
  const known = projections.get(store);
  if (known) return known;
  const made = new LRUCache<string, RunProjection>({ max: REMEMBERED });
  projections.set(store, made);
  return made;
};

/** The start command as the bridge has signed it. */
export const startOf = (run: RunRow): StartCommand => StartCommand.parse(JSON.parse(run.startCommand.bytes));

const beginning = (run: RunRow): RunProjection => {
  const { tenant, project, runId, rootRunId, agent, agentDigest, policyDigest } = run;
  const start = startOf(run);
  const { requester } = start;
  const identity = {
    tenant,
    project,
    runId,
    rootRunId,
    path: pathOf(start),
    agent,
    agentDigest,
    policyDigest,
    requester,
  };
  // Folding heeds no limit: they say what the run does next.
  return { seq: 0, state: newRunState(identity, RunLimits.parse({})), stateEdits: [] };
};

/** Up to the last event that is stored. */
export async function projectRun(store: Store, run: RunRow): Promise<RunProjection> {
  const cache = cacheOf(store);
  const key = `${run.tenant}/${run.project}/${run.runId}`;
  let current = cache.get(key) ?? beginning(run);
  for (;;) {
    const page = { after: current.seq, limit: PAGE, runId: run.runId };
    const events = await readEvents(store, run, run.rootRunId, page);
    for (const { seq, origin, type, at, data } of events) {
      // Bridge and gate tell things, too; the run itself knows nothing of them.
      const event = isWorkflowOrigin(origin) ? RunEvent.safeParse({ type, at, data }).data : undefined;
      current = event
        ? { seq, state: evolve(current.state, event), stateEdits: editsAfter(current.stateEdits, event) }
        : { ...current, seq };
    }
    if (events.length < PAGE) break;
  }
  cache.set(key, current);
  return current;
}
